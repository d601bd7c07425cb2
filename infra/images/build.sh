#!/bin/sh
# Makes the image $1 (default shunt:local) on the base $2 (default: Debian's C library and nothing else, no shell, no root).
# What goes in is put together here, with the npm of this machine: the build itself needs no network.
set -eu
here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
root=$(CDPATH='' cd "$here/../.." && pwd)
image=${1:-shunt:local}
base=${2:-gcr.io/distroless/cc-debian12:nonroot}
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
chmod 755 "$context"
mkdir "$context/shunt"
cp "$root/package.json" "$root/pnpm-lock.yaml" "$root/pnpm-workspace.yaml" "$root/LICENSE" "$context/shunt"
for package in core worker coordinator; do
  mkdir -p "$context/shunt/packages/$package"
  cp -R "$root/packages/$package/package.json" "$root/packages/$package/src" "$context/shunt/packages/$package"
done
find "$context/shunt/packages" \( -name '*.test.ts' -o -name '*.bench.ts' -o -name 'test-*.ts' \) -delete
pnpm=$(sed -n 's/.*"packageManager": *"\([^"]*\)".*/\1/p' "$root/package.json")
(cd "$context/shunt" && npx --yes --prefer-offline --loglevel=error "$pnpm" install --prod --frozen-lockfile --reporter=silent)
# one name for the pinned Node.js, on whichever processor
cp -L "$context/shunt/node_modules/.bin/node" "$context/node"
rm -rf "$context"/shunt/node_modules/.pnpm/node-linux-* "$context"/shunt/node_modules/node-linux-* "$context/shunt/node_modules/.bin/node"
mkdir -m 700 "$context/state"
cp "$here/Dockerfile" "$here/healthcheck.mjs" "$context"
docker build --quiet --build-arg "BASE=$base" --tag "$image" "$context" >/dev/null
docker image ls --format '{{.Repository}}:{{.Tag}} {{.Size}}' "$image"
