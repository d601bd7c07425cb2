/*
 * The four sample servers: as little as a server can do, so that the proxy in front of them is what is measured, and not the
 * core that they share with the load. One process over epoll: answers come from memory, each with a write of its own as
 * nginx's have; contents of requests are read to their end.
 *
 * It is no server for the world: it takes for granted that heads are well formed, and that content has a Content-Length. Where
 * it meets a head that is too long, or is asked for something else, it ends with a sentence, and the row is void.
 *
 * Usage: sample-servers NAME PORT...
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SOCKETS = 65536, IN = 65536, SERVERS = 4, PATHS = 4, SEEN = 8192, HEAD = 512 };

static const struct { const char *path; int octets; } contents[PATHS] = {
  {"/64", 64}, {"/16k", 16 << 10}, {"/1m", 1 << 20}, {"/post", 64}};
static struct server { const char *name; int listener; struct { char *octets; int count; } answers[PATHS]; } servers[SERVERS];
/* `content`: octets of it that are still to come. `unsent`: what the kernel has not taken. `kept`: received, and not yet used. */
static struct {
  struct server *server;
  long content;
  const char *unsent;
  char *kept;
  int unsent_count, kept_count, closing;
} sockets[SOCKETS];
static int epoll;

static int write_head(char *to, struct server *server, int octets) {
  return sprintf(to,
    "HTTP/1.1 200 OK\r\nServer: sample\r\nDate: Mon, 30 Nov 2026 00:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
    "Last-Modified: Mon, 30 Nov 2026 00:00:00 GMT\r\nConnection: keep-alive\r\nX-Server: %s\r\nAccept-Ranges: bytes\r\n\r\n",
    octets, server->name);
}

static void watch(int fd, int events, int operation) {
  if (fd < 0 || fd >= SOCKETS) errx(1, "too many sockets");
  if (epoll_ctl(epoll, operation, fd, &(struct epoll_event){.events = events, .data.fd = fd})) err(1, "epoll_ctl");
}

static void end(int fd) {
  free(sockets[fd].kept);
  memset(&sockets[fd], 0, sizeof sockets[fd]);
  close(fd);
}

/* A peer that is gone shows itself at the next read. */
static void send_octets(int fd, const char *octets, int count) {
  int sent = send(fd, octets, count, MSG_NOSIGNAL | MSG_DONTWAIT), waited = sockets[fd].unsent_count;
  if (sent < 0) sent = errno == EAGAIN ? 0 : count;
  sockets[fd].unsent = octets + sent;
  sockets[fd].unsent_count = count - sent;
  if (!waited != !sockets[fd].unsent_count) watch(fd, sent < count ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
  if (sent == count && sockets[fd].closing) shutdown(fd, SHUT_WR);
}

static int find_field(const char *head, const char *name, const char **value) {
  const char *line = strcasestr(head, name);
  *value = line ? line + strlen(name) : "";
  return strcspn(*value, "\r");
}

/* What the request looked like when it came here. */
static void answer_seen(int fd, const char *head) {
  static char answer[SEEN + HEAD], seen[SEEN];
  const char *via, *client, *id;
  int v = find_field(head, "\r\nvia: ", &via), c = find_field(head, "\r\nx-forwarded-for: ", &client);
  int i = find_field(head, "\r\nx-request-id: ", &id);
  int count = snprintf(seen, SEEN, "%.*s\n%.*s\n%.*s\n", v, via, c, client, i, id), length;
  if (count >= SEEN) errx(1, "too long a head");
  length = write_head(answer, sockets[fd].server, count);
  memcpy(answer + length, seen, count);
  send_octets(fd, answer, length + count);
}

static void answer(int fd, const char *head) {
  const char *target = strchr(head, ' '), *value;
  int count = target ? strcspn(++target, " ") : 0;
  if (find_field(head, "\r\ncontent-length: ", &value)) sockets[fd].content = atol(value);
  sockets[fd].closing = strcasestr(head, "\r\nconnection: close\r") != 0;
  if (count == 5 && !memcmp(target, "/seen", 5)) return answer_seen(fd, head);
  for (int i = 0; i < PATHS; i++)
    if ((int)strlen(contents[i].path) == count && !memcmp(target, contents[i].path, count))
      return send_octets(fd, sockets[fd].server->answers[i].octets, sockets[fd].server->answers[i].count);
  errx(1, "asked for %.*s", count, target);
}

/* Answers what has come, up to an answer that the kernel does not take at once. */
static void use(int fd, char *in, int count) {
  char *at = in, *last = in + count, *blank;
  for (*last = 0; at < last && !sockets[fd].unsent_count;) {
    if (sockets[fd].content) {
      long part = sockets[fd].content < last - at ? sockets[fd].content : last - at;
      sockets[fd].content -= part;
      at += part;
    } else if ((blank = memmem(at, last - at, "\r\n\r\n", 4))) {
      blank[2] = 0;
      answer(fd, at);
      at = blank + 4;
    } else break;
  }
  if ((sockets[fd].kept_count = last - at) == 0) return;
  if (sockets[fd].kept_count == IN && !sockets[fd].unsent_count) errx(1, "too long a head");
  if (!sockets[fd].kept) sockets[fd].kept = malloc(IN);
  memcpy(sockets[fd].kept, at, last - at);
}

static void receive(int fd) {
  static char in[IN + 1];
  int kept = sockets[fd].kept_count, count = read(fd, in + kept, IN - kept);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return end(fd);
  if (kept) memcpy(in, sockets[fd].kept, kept);
  use(fd, in, kept + count);
}

static void send_more(int fd) {
  static char in[IN + 1];
  send_octets(fd, sockets[fd].unsent, sockets[fd].unsent_count);
  if (sockets[fd].unsent_count || !sockets[fd].kept_count) return;
  memcpy(in, sockets[fd].kept, sockets[fd].kept_count);
  use(fd, in, sockets[fd].kept_count);
}

static void take_on(struct server *server) {
  int fd = accept4(server->listener, 0, 0, SOCK_NONBLOCK);
  if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED)) return;
  if (fd < 0) err(1, "accept");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  watch(fd, EPOLLIN, EPOLL_CTL_ADD);
  sockets[fd].server = server;
}

static void serve(struct server *server, const char *name, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
  int fd = server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  server->name = name;
  for (int i = 0; i < PATHS; i++) {
    char *octets = server->answers[i].octets = malloc(HEAD + contents[i].octets);
    int head = write_head(octets, server, contents[i].octets);
    memset(octets + head, 'x', contents[i].octets);
    server->answers[i].count = head + contents[i].octets;
  }
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096)) err(1, "listen");
  watch(fd, EPOLLIN, EPOLL_CTL_ADD);
}

int main(int argc, char **argv) {
  int count = (argc - 1) / 2;
  if (count < 1 || count > SERVERS || argc % 2 == 0) errx(2, "usage: sample-servers NAME PORT...");
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  epoll = epoll_create1(0);
  for (int i = 0; i < count; i++) serve(&servers[i], argv[1 + 2 * i], atoi(argv[2 + 2 * i]));
  for (struct epoll_event events[512];;) {
    int ready = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd, server = 0;
      while (server < count && servers[server].listener != fd) server++;
      if (server < count) take_on(&servers[server]);
      else if (events[i].events & EPOLLOUT) send_more(fd);
      else receive(fd);
    }
  }
}
