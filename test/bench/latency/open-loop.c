/*
 * Sends requests at moments that are fixed beforehand, whatever becomes of those before: an open loop. Latency counts from
 * the moment at which a request was to be sent, so a proxy that stalls pays for all that it keeps waiting (no coordinated
 * omission). The moments are those of many independent clients, exponentially apart, and the same in every run.
 *
 * All answers have to be of one length, which is told. Prints one line of JSON.
 * Usage: open-loop PORT CONNECTIONS REQUESTS_PER_SECOND SECONDS ANSWER_OCTETS PATH
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 16384, IN = 65536, PATIENCE_MS = 2000 };

static struct { double due; int received, turn; } clients[MOST]; /* by descriptor */
static int idle[MOST], epoll; /* connections without a request, a ring: the one that is idle longest is next */
static char in[IN];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b) {
  return (*(double *)a > *(double *)b) - (*(double *)a < *(double *)b);
}

static double at(double *sorted, long count, double share) {
  return count ? sorted[(long)(share * (count - 1))] : 0;
}

static int open_connection(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || fd >= MOST || connect(fd, (struct sockaddr *)&address, sizeof address)) err(1, "connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  fcntl(fd, F_SETFL, O_NONBLOCK);
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 7) errx(2, "usage: open-loop PORT CONNECTIONS REQUESTS_PER_SECOND SECONDS ANSWER_OCTETS PATH");
  int connections = atoi(argv[2]), octets = atoi(argv[5]);
  double rate = atof(argv[3]), seconds = atof(argv[4]);
  long count = rate * seconds, due = 0, sent = 0, done = 0, taken = 0, given, refused = 0, closed = 0;
  double *moment = malloc(count * sizeof *moment), *latency = malloc(count * sizeof *latency), *late = malloc(count * sizeof *late);
  char request[2][1024];
  int length[2];
  for (int gold = 0; gold < 2; gold++)
    length[gold] = snprintf(request[gold], 1024, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", argv[6], gold ? "Cookie: tier=gold\r\n" : "");

  prctl(PR_SET_TIMERSLACK, 1);
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){MOST, MOST});
  epoll = epoll_create1(0);
  for (given = 0; given < connections; given++) idle[given] = open_connection(atoi(argv[1]));

  srand48(1);
  double start = now() + 200, when = start, time;
  for (long i = 0; i < count; i++) moment[i] = when += -log(1 - drand48()) * 1e3 / rate;

  for (struct epoll_event events[512]; done < count && !closed;) {
    time = now();
    if (time > moment[count - 1] + PATIENCE_MS) break;
    while (due < count && moment[due] <= time) due++;
    for (; sent < due && taken < given; sent++) {
      int fd = idle[taken++ % MOST], gold = clients[fd].turn ^= 1;
      clients[fd].due = moment[sent];
      clients[fd].received = 0;
      late[sent] = time - moment[sent];
      if (send(fd, request[gold], length[gold], MSG_NOSIGNAL) != length[gold]) closed++;
    }
    double wait = due < count ? moment[due] - now() : 100;
    struct timespec patience = {.tv_nsec = wait > 0 ? (wait < 100 ? wait : 100) * 1e6 : 0};
    int ready = epoll_pwait2(epoll, events, 512, &patience, 0);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd, got = read(fd, in, IN);
      if (got <= 0) { closed++; break; }
      if (clients[fd].received == 0 && memcmp(in + 9, "200", 3)) refused++;
      if ((clients[fd].received += got) > octets) errx(1, "an answer of %d octets, not of %d", clients[fd].received, octets);
      if (clients[fd].received < octets) continue;
      latency[done++] = now() - clients[fd].due;
      idle[given++ % MOST] = fd;
    }
  }
  time = now() - start;
  qsort(latency, done, sizeof *latency, by_size);
  qsort(late, sent, sizeof *late, by_size);
  printf("{\"seconds\":%.3f,\"requests\":%ld,\"answered\":%ld,\"refused\":%ld,\"closed\":%ld,\"p50Ms\":%.4f,\"p99Ms\":%.4f,\"p999Ms\":%.4f,\"mostMs\":%.4f,\"lateP99Ms\":%.4f}\n",
         time / 1e3, count, done, refused, closed, at(latency, done, .5), at(latency, done, .99), at(latency, done, .999), at(latency, done, 1), at(late, sent, .99));
}
