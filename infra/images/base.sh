#!/bin/sh
# Makes the image $1 (default shunt/base:local) from the C library of this machine: a base where no registry is reached.
set -eu
image=${1:-shunt/base:local}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
mkdir -p "$root/tmp" "$root/etc"
chmod 1777 "$root/tmp"
node=$(readlink -f "$(dirname "$0")/../../node_modules/.bin/node")
for f in $(ldd "$node" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*ld-linux[^ ]*\).*/\1/p' | sort -u); do
  mkdir -p "$root$(dirname "$f")"
  cp -L "$f" "$root$f"
done
# names of hosts are looked up by these
for f in /lib/*-linux-gnu/libnss_files.so.2 /lib/*-linux-gnu/libnss_dns.so.2 /lib/*-linux-gnu/libresolv.so.2; do
  [ ! -e "$f" ] || { mkdir -p "$root$(dirname "$f")" && cp -L "$f" "$root$f"; }
done
printf 'nonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n' >"$root/etc/passwd"
printf 'nonroot:x:65532:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
tar -C "$root" -c . | docker import - "$image" >/dev/null
docker image ls --format '{{.Repository}}:{{.Tag}} {{.Size}}' "$image"
