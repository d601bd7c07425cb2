/*
 * The physical limit of plain sockets: a forwarder that parses nothing. Receiving and sending is all that is left here, so
 * whoever works through the same system calls needs more. Each client is bound to one of the shared server connections, and
 * all writes of a turn of the loop to one socket leave as one.
 *
 * It is no proxy. It takes for granted that a read from a client holds whole requests, which it counts by their empty
 * lines, and that every answer has the same number of octets, which it is told: so it brings answers back in the order of
 * the requests by counting octets. Where that is not so it ends with a sentence, and its row is void.
 *
 * Usage: limit PORT ANSWER_OCTETS SERVER_PORT...
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SOCKETS = 16384, IN = 65536, OUT = 262144, OWED = 65536, SERVERS = 16 };

/* What a socket is sent at the end of the turn. `life` tells a client from the next one with its descriptor. */
static struct { char *out; int used, life, server; } sockets[SOCKETS];
/* A shared connection, and whose answers it owes, oldest first. */
static struct { int fd; unsigned head, tail; struct { int fd, life, octets; } owed[OWED]; } servers[SERVERS];
static int epoll, answer_octets, dirty[SOCKETS], dirty_count;
static char in[IN];

static void later(int fd, const char *octets, int count) {
  if (sockets[fd].used + count > OUT) errx(1, "more for one socket in a turn than %d octets", OUT);
  if (sockets[fd].used == 0) dirty[dirty_count++] = fd;
  memcpy(sockets[fd].out + sockets[fd].used, octets, count);
  sockets[fd].used += count;
}

static void watch(int fd) {
  if (fd < 0 || fd >= SOCKETS) errx(1, "too many sockets");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  if (!sockets[fd].out) sockets[fd].out = malloc(OUT); /* the kernel gives pages when they are used */
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
}

static void from_client(int fd, int server) {
  int count = read(fd, in, IN), requests = 0;
  if (count <= 0) { sockets[fd].life++; sockets[fd].used = 0; close(fd); return; }
  for (char *at = in; (at = memmem(at, in + count - at, "\r\n\r\n", 4)); at += 4) requests++;
  if (count < 4 || memcmp(in + count - 4, "\r\n\r\n", 4)) errx(1, "part of a request");
  unsigned place = servers[server].tail++ % OWED;
  if (servers[server].tail - servers[server].head > OWED) errx(1, "more clients wait than %d", OWED);
  servers[server].owed[place].fd = fd;
  servers[server].owed[place].life = sockets[fd].life;
  servers[server].owed[place].octets = requests * answer_octets;
  later(servers[server].fd, in, count);
}

static void from_server(int server) {
  int count = read(servers[server].fd, in, IN), part;
  if (count <= 0) errx(1, "a server is gone");
  for (int at = 0; at < count; at += part) {
    unsigned place = servers[server].head % OWED;
    if (servers[server].head == servers[server].tail) errx(1, "an answer that nobody waits for, or of another length");
    int fd = servers[server].owed[place].fd, left = servers[server].owed[place].octets;
    part = left < count - at ? left : count - at;
    if (servers[server].owed[place].life == sockets[fd].life) later(fd, in + at, part);
    if ((servers[server].owed[place].octets = left - part) == 0) servers[server].head++;
  }
}

int main(int argc, char **argv) {
  int count = argc - 3, clients = 0, listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (count < 1 || count > SERVERS) errx(2, "usage: limit PORT ANSWER_OCTETS SERVER_PORT...");
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){SOCKETS, SOCKETS});
  answer_octets = atoi(argv[2]);
  epoll = epoll_create1(0);
  for (int server = 0; server < count; server++) {
    int fd = servers[server].fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_port = htons(atoi(argv[3 + server]));
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) err(1, "connect");
    watch(fd);
    sockets[fd].server = -1 - server; /* below 0: no client, but this server */
  }
  address.sin_port = htons(atoi(argv[1]));
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) err(1, "listen");
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN, .data.fd = listener});
  for (struct epoll_event events[512];;) {
    int ready = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) watch(fd = accept(listener, 0, 0)), sockets[fd].server = clients++ % count;
      else if (sockets[fd].server < 0) from_server(-1 - sockets[fd].server);
      else from_client(fd, sockets[fd].server);
    }
    for (int i = 0; i < dirty_count; i++) {
      /* the kernel takes it all, as little as it is; a client that is gone shows itself at its next read */
      send(dirty[i], sockets[dirty[i]].out, sockets[dirty[i]].used, MSG_NOSIGNAL);
      sockets[dirty[i]].used = 0;
    }
    dirty_count = 0;
  }
}
