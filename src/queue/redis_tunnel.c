/* The thread between hiredis and TLS. */
#include "queue/redis_tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/tls.h"
#include "queue/redis.h"

enum { TUNNEL_BYTES = 64 << 10 };

struct tunnel {
    struct tls *tls;
    int server, here; /* the server's socket; our end of the pair */
    pthread_t thread;
    struct tunnel *next;
};

/* All there were, as nobody is told when hiredis closes its end: the threads must have left OpenSSL before the process
 * ends, and it with it. */
static struct {
    pthread_mutex_t lock;
    struct tunnel *first;
} tunnels = {PTHREAD_MUTEX_INITIALIZER, NULL};

static void tunnel_free(struct tunnel *tunnel) {
    tls_free(tunnel->tls);
    close(tunnel->server);
    if (tunnel->here >= 0) close(tunnel->here);
    free(tunnel);
}

/* Until the server's socket is ready for what TLS wants; false: never. */
static bool server_wait(const struct tunnel *tunnel, ssize_t told, int timeout_ms) {
    struct pollfd ready = {.fd = tunnel->server, .events = told == TLS_AGAIN_WRITE ? POLLOUT : POLLIN};
    return told != TLS_FAILED && told != 0 && poll(&ready, 1, timeout_ms) == 1;
}

static bool to_server(const struct tunnel *tunnel, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = tls_write(tunnel->tls, bytes, len);
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (!server_wait(tunnel, n, -1)) {
            return false;
        }
    }
    return true;
}

static bool from_server(const struct tunnel *tunnel, char *buffer) {
    ssize_t n;
    while ((n = tls_read(tunnel->tls, buffer, TUNNEL_BYTES)) > 0)
        for (ssize_t at = 0, sent; at < n; at += sent)
            if ((sent = send(tunnel->here, buffer + at, (size_t)(n - at), MSG_NOSIGNAL)) < 0) return false;
    return n == TLS_AGAIN_READ || n == TLS_AGAIN_WRITE;
}

/* hiredis hears why as an answer, then the end. It may go on writing until it has: into a closed socket, that would end
 * the process. */
static void here_end(const struct tunnel *tunnel, char *buffer) {
    char why[300];
    int len = snprintf(why, sizeof why, "-%s\r\n", tls_why(tunnel->tls));
    if (tls_why(tunnel->tls)[0]) (void)!send(tunnel->here, why, (size_t)len, MSG_NOSIGNAL);
    shutdown(tunnel->here, SHUT_WR);
    while (recv(tunnel->here, buffer, TUNNEL_BYTES, 0) > 0) {}
}

static void *tunnel_run(void *context) {
    struct tunnel *tunnel = context;
    struct pollfd ends[2] = {{.fd = tunnel->here, .events = POLLIN}, {.fd = tunnel->server, .events = POLLIN}};
    char *buffer = mem_alloc(TUNNEL_BYTES);
    for (bool open = from_server(tunnel, buffer); open && poll(ends, 2, -1) > 0;) {
        ssize_t n = ends[0].revents ? recv(tunnel->here, buffer, TUNNEL_BYTES, 0) : 1;
        open = n > 0 && (!ends[0].revents || to_server(tunnel, buffer, (size_t)n));
        open = open && from_server(tunnel, buffer); /* also what TLS has read while it wrote */
    }
    here_end(tunnel, buffer);
    free(buffer);
    tls_thread_end();
    return NULL;
}

static int shake(const struct tunnel *tunnel, const struct redis_target *target, struct error *error) {
    int told;
    while ((told = tls_handshake(tunnel->tls)) != 1)
        if (!server_wait(tunnel, told, REDIS_CONNECT_MS))
            return error_set(error, "%s: %s", target->display,
                             told == TLS_FAILED ? tls_why(tunnel->tls) : "TLS: no answer");
    return 0;
}

static void tunnels_end(void) {
    for (struct tunnel *tunnel = tunnels.first, *next; tunnel; tunnel = next) {
        next = tunnel->next;
        shutdown(tunnel->here, SHUT_RDWR);
        shutdown(tunnel->server, SHUT_RDWR);
        pthread_join(tunnel->thread, NULL);
        tunnel_free(tunnel);
    }
}

static bool thread_start(struct tunnel *tunnel) {
    sigset_t all, before;
    sigfillset(&all); /* signals are the command's; SIGPIPE, of a server that is gone, nobody's */
    pthread_mutex_lock(&tunnels.lock);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started =
        (tunnels.first || atexit(tunnels_end) == 0) && pthread_create(&tunnel->thread, NULL, tunnel_run, tunnel) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        tunnel->next = tunnels.first;
        tunnels.first = tunnel;
    }
    pthread_mutex_unlock(&tunnels.lock);
    return started;
}

static redisContext *tunnel_start(struct tunnel *tunnel, struct error *error) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        error_set(error, "TLS: %s", strerror(errno));
        return NULL;
    }
    tunnel->here = pair[0];
    redisContext *context = redisConnectFd(pair[1]);
    if (context && thread_start(tunnel)) return context;
    error_set(error, "TLS: no thread can be started");
    if (context)
        redisFree(context);
    else
        close(pair[1]);
    return NULL;
}

redisContext *redis_tunnel(redisContext *plain, const struct redis_target *target, const struct redis_node *node,
                           struct error *error) {
    struct tunnel *tunnel = mem_zalloc(1, sizeof *tunnel);
    redisContext *context = NULL;
    tunnel->here = -1;
    tunnel->server = fcntl(plain->fd, F_DUPFD_CLOEXEC, 0);
    redisFree(plain);
    if (tunnel->server < 0 || fcntl(tunnel->server, F_SETFL, O_NONBLOCK) != 0)
        error_set(error, "%s: %s", target->display, strerror(errno));
    else if ((tunnel->tls = tls_new(&target->tls, tunnel->server, node->host, error)) &&
             shake(tunnel, target, error) == 0)
        context = tunnel_start(tunnel, error);
    if (!context) tunnel_free(tunnel);
    return context;
}
