/* The sockets that export messages arrive on: UDP (many datagrams a system call) and TCP (IPFIX, RFC 7011, 10.4). Used
 * by one thread, which waits in listener_turn().
 *
 * UDP: the socket buffer is set, what the kernel made of it is checked and said; what the kernel drops is counted when
 * the next datagrams of that socket are read, of which there are some wherever it dropped any. TCP: at most
 * LISTENER_CONNECTIONS connections, each holds at most one message of 64 KiB; one that is silent for LISTENER_IDLE_US,
 * or sends what is no message, is closed. When all places are taken, one that has not yet sent a message gives way,
 * else the longest silent one. */
#ifndef FLOWIMPORT_COLLECT_LISTENER_H
#define FLOWIMPORT_COLLECT_LISTENER_H

#include "base/clock.h"
#include "base/error.h"
#include "base/show.h"
#include "collect/message.h"

enum {
    LISTENER_SOCKETS = 16,
    LISTENER_CONNECTIONS = 256,
    LISTENER_BATCH = 64, /* datagrams of one system call */
};
#define LISTENER_IDLE_US (INT64_C(30) * 60 * 1000000)

struct listener_config {
    const char *listen; /* "udp:4739, udp:192.0.2.1:2055, tcp:[::1]:4739"; without an address: all, of both families */
    const struct prefixes *allow; /* TCP connections of others are closed at once; NULL: all are taken */
    uint64_t buffer;              /* bytes, of each UDP socket's receive buffer */
    const struct clock *clock;
};

/* message: returns -1 where a TCP connection is to be closed. over: a TCP connection has ended; not called by
 * listener_close(). dropped: the kernel dropped n datagrams of the socket "udp:4739" since the last call. */
struct listener_handler {
    void *context;
    int (*message)(void *context, const struct message_source *source, const uint8_t *bytes, size_t len,
                   int64_t now_us);
    void (*over)(void *context, const struct message_source *source);
    void (*dropped)(void *context, const char *socket, uint64_t n, int64_t now_us);
};

struct listener; /* opaque */

/* What `listen` must be: 0, or -1 with the error naming the item. */
int listener_check(const char *listen, struct error *error) __attribute__((warn_unused_result));
/* Opens all sockets. NULL with the error set: an address that is taken, or not ours. */
struct listener *listener_open(const struct listener_config *config, const struct listener_handler *handler,
                               struct error *error);
void listener_close(struct listener *listener);
/* Waits up to wait_ms for something to arrive, and hands on what is there, at most LISTENER_BATCH datagrams of each
 * socket: so that the caller can stop. Returns the number of messages. */
unsigned listener_turn(struct listener *listener, int wait_ms);
/* Readable where listener_turn() has something to do: for a caller that waits by itself, and turns with wait_ms 0. */
int listener_fd(const struct listener *listener);
/* The port of the i-th socket: for tests that listen on port 0. */
uint16_t listener_port(const struct listener *listener, unsigned i);

struct listener_counters {
    uint64_t datagrams, octets;
    uint64_t dropped;                           /* by the kernel */
    uint64_t connections, refused, closed_idle; /* TCP: taken, not on the list of exporters, closed for silence */
    unsigned open;                              /* connections now */
    uint64_t buffer;                            /* bytes, the smallest receive buffer that the kernel gave */
};
const struct listener_counters *listener_counters(const struct listener *listener);
void listener_show(const struct listener_counters *counters, struct show *show); /* module "listener" */

#endif
