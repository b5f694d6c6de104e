/* One collector: messages wait in a queue until max_rate and the socket let them through; their sequence numbers are
 * set as they leave, so that those of a TCP connection begin with it. */
#include "export/destination.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/resolve.h"
#include "export/ipfix_writer.h"

enum {
    RETRY_FIRST_MS = 100,
    PACE_MS = 10,       /* between two portions, where max_rate holds messages back */
    SILENCE_MS = 60000, /* a TCP connection that acknowledges nothing for so long is dead */
    QUIET_TICKS = 10,   /* without an error: its troubles are over */
};

struct message {
    STAILQ_ENTRY(message) next;
    size_t len;
    unsigned records;
    bool templates; /* of a TCP connection: worth nothing to the next one */
    uint8_t bytes[];
};

struct destination {
    struct event_base *base;
    const struct exporter_config *config;
    struct destination_target target;
    struct destination_status status;
    struct ipfix_writer *writer;
    STAILQ_HEAD(, message) queue;
    size_t sent;               /* bytes of the first message that the kernel has */
    int fd;                    /* -1: none */
    struct resolve *resolving; /* NULL: the name is not asked for */
    unsigned tries;            /* to connect that have failed: which of its addresses is the next */
    bool leading;              /* what the writer sends goes to the head of the queue */
    uint32_t sequence;
    int64_t allowance;                 /* data records that max_rate lets through now */
    unsigned untemplated;              /* messages since the templates */
    unsigned quiet;                    /* ticks since the last error */
    struct event *readable, *writable; /* NULL: no socket */
    struct event *retry, *pace, *refresh;
    struct backoff backoff;
};

static void timer_start(struct event *timer, int64_t ms) {
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    evtimer_add(timer, &time);
}

static void problem_set(struct destination *destination, const char *what, const char *why, const char *then) {
    struct destination_status *status = &destination->status;
    snprintf(status->problem, sizeof status->problem, "%s: %s", what, why);
    status->failures++;
    destination->quiet = 0;
    log_warning("export", "%s: %s%s", destination->target.url, status->problem, then);
}

/* --- the queue --- */

static void message_drop(struct destination *destination) {
    struct message *message = STAILQ_FIRST(&destination->queue);
    STAILQ_REMOVE_HEAD(&destination->queue, next);
    destination->status.queued -= message->len;
    destination->sent = 0;
    free(message);
}

static void connection_close(struct destination *destination) {
    if (destination->readable) event_free(destination->readable);
    if (destination->writable) event_free(destination->writable);
    if (destination->fd >= 0) close(destination->fd);
    destination->readable = destination->writable = NULL;
    destination->fd = -1;
    destination->status.connected = false;
    destination->sent = 0;
}

static void connection_lost(struct destination *destination, const char *what, const char *why) {
    problem_set(destination, what, why, "; trying again");
    destination->tries++;
    connection_close(destination);
    while (!STAILQ_EMPTY(&destination->queue) && STAILQ_FIRST(&destination->queue)->templates)
        message_drop(destination);
    timer_start(destination->retry, backoff_failed(&destination->backoff));
}

/* What the kernel takes now of the first message: bytes, or -1. */
static ssize_t message_send(struct destination *destination, const struct message *message) {
    for (unsigned attempt = 0;; attempt++) {
        ssize_t n =
            send(destination->fd, message->bytes + destination->sent, message->len - destination->sent, MSG_NOSIGNAL);
        if (n >= 0 || errno != ECONNREFUSED || destination->target.tcp || attempt > 0) return n;
        problem_set(destination, "send", strerror(errno), ""); /* an earlier message's; this one has not been tried */
    }
}

/* The first message as far as it goes. Whether the next one can be tried. */
static bool queue_advance(struct destination *destination, struct message *message) {
    struct destination_status *status = &destination->status;
    uint32_t next = destination->sequence;
    if (destination->sent == 0) next = ipfix_message_stamp(message->bytes, message->records, next);
    ssize_t n = message_send(destination, message);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        event_add(destination->writable, NULL);
        return false;
    }
    if (n < 0 && destination->target.tcp) {
        connection_lost(destination, "send", strerror(errno));
        return false;
    }
    destination->sequence = next;
    if (n < 0) {
        problem_set(destination, "send", strerror(errno), "");
        status->lost += message->records;
        message_drop(destination);
        return true;
    }
    destination->sent += (size_t)n;
    if (destination->sent < message->len) return true;
    status->messages++;
    status->records += message->records;
    status->octets += message->len;
    destination->allowance -= message->records;
    message_drop(destination);
    return true;
}

static void queue_send(struct destination *destination) {
    bool more = destination->status.connected;
    while (more && !STAILQ_EMPTY(&destination->queue)) {
        if (destination->config->max_rate && destination->allowance <= 0) {
            if (!evtimer_pending(destination->pace, NULL)) timer_start(destination->pace, PACE_MS);
            return;
        }
        more = queue_advance(destination, STAILQ_FIRST(&destination->queue));
    }
}

static void on_pace(evutil_socket_t fd, short what, void *context) {
    struct destination *destination = context;
    (void)fd;
    (void)what;
    uint64_t portion = destination->config->max_rate * PACE_MS / 1000;
    destination->allowance += (int64_t)(portion ? portion : 1);
    queue_send(destination);
}

static void on_message(void *context, const uint8_t *bytes, size_t len, unsigned records) {
    struct destination *destination = context;
    destination->untemplated++;
    if (destination->status.queued + len > EXPORTER_BUFFER) {
        destination->status.lost += records;
        destination->sequence += destination->target.netflow9 ? 1 : records;
        return;
    }
    struct message *message = mem_alloc(sizeof *message + len);
    message->len = len;
    message->records = records;
    message->templates = destination->leading;
    memcpy(message->bytes, bytes, len);
    destination->status.queued += len;
    if (destination->leading) {
        STAILQ_INSERT_HEAD(&destination->queue, message, next);
    } else {
        STAILQ_INSERT_TAIL(&destination->queue, message, next);
        queue_send(destination);
    }
}

static void templates_send(struct destination *destination, int64_t now_us) {
    ipfix_writer_templates(destination->writer, now_us);
    destination->untemplated = 0;
    timer_start(destination->refresh, destination->config->template_refresh * 1000);
}

static void on_refresh(evutil_socket_t fd, short what, void *context) {
    struct destination *destination = context;
    (void)fd;
    (void)what;
    templates_send(destination, clock_now_us(destination->config->clock));
}

/* --- the socket --- */

static void connection_begin(struct destination *destination) {
    int64_t now = clock_now_us(destination->config->clock);
    destination->status.connected = true;
    destination->status.problem[0] = '\0';
    if (destination->target.tcp) {
        /* Its templates come before all that waits. */
        ipfix_writer_flush(destination->writer, now);
        destination->leading = true;
        ipfix_writer_templates(destination->writer, now);
        ipfix_writer_flush(destination->writer, now);
        destination->leading = false;
        destination->sequence = 0;
        log_notice("export", "%s: connected", destination->target.url);
    } else {
        timer_start(destination->refresh, destination->config->template_refresh * 1000);
    }
    queue_send(destination);
}

static void on_writable(evutil_socket_t fd, short what, void *context) {
    struct destination *destination = context;
    int number = 0;
    socklen_t len = sizeof number;
    (void)what;
    if (destination->status.connected) {
        queue_send(destination);
        return;
    }
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len);
    if (number)
        connection_lost(destination, "connect", strerror(number));
    else
        connection_begin(destination);
}

/* A collector says nothing: what can be read is the end, or an error. */
static void on_readable(evutil_socket_t fd, short what, void *context) {
    struct destination *destination = context;
    char unwanted[512];
    (void)what;
    ssize_t n = recv(fd, unwanted, sizeof unwanted, 0);
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))) return;
    if (destination->target.tcp && destination->status.connected)
        connection_lost(destination, "connection", strerror(n < 0 ? errno : ECONNRESET));
    else if (n < 0 && !destination->target.tcp)
        problem_set(destination, "send", strerror(errno), "");
}

static void address_connect(struct destination *destination, const struct addrinfo *address) {
    const struct destination_target *target = &destination->target;
    int type = target->tcp ? SOCK_STREAM : SOCK_DGRAM, silence = SILENCE_MS;
    destination->fd = socket(address->ai_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (target->tcp) (void)setsockopt(destination->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof silence);
    if (destination->fd < 0 ||
        (connect(destination->fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS)) {
        connection_lost(destination, "connect", strerror(errno));
        return;
    }
    destination->readable =
        event_new(destination->base, destination->fd, EV_READ | EV_PERSIST, on_readable, destination);
    destination->writable = event_new(destination->base, destination->fd, EV_WRITE, on_writable, destination);
    event_add(destination->readable, NULL);
    if (target->tcp)
        event_add(destination->writable, NULL);
    else
        connection_begin(destination);
}

static void on_resolved(void *context, struct addrinfo *found, const char *why) {
    struct destination *destination = context;
    const struct addrinfo *address = found;
    unsigned n = 0;
    destination->resolving = NULL;
    if (!found) {
        connection_lost(destination, "name", why);
        return;
    }
    for (const struct addrinfo *each = found; each; each = each->ai_next)
        n++;
    for (unsigned skip = destination->tries % n; skip > 0; skip--)
        address = address->ai_next;
    address_connect(destination, address);
    freeaddrinfo(found);
}

static void destination_connect(struct destination *destination) {
    const struct destination_target *target = &destination->target;
    destination->resolving = resolve_start(destination->base, target->host, target->port,
                                           target->tcp ? SOCK_STREAM : SOCK_DGRAM, on_resolved, destination);
}

static void on_retry(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    destination_connect(context);
}

/* --- what the exporter asks for --- */

struct destination *destination_new(struct event_base *base, const struct destination_target *target,
                                    const struct exporter_config *config) {
    struct destination *destination = mem_zalloc(1, sizeof *destination);
    struct ipfix_config ipfix = {.netflow9 = target->netflow9,
                                 .uniflows = target->uniflows,
                                 .domain = config->domain,
                                 .sampling = config->sampling,
                                 .message_bytes = config->mtu,
                                 .templates = config->templates,
                                 .n_templates = config->n_templates,
                                 .send = on_message,
                                 .context = destination};
    destination->base = base;
    destination->config = config;
    destination->target = *target;
    destination->fd = -1;
    destination->untemplated = EXPORTER_TEMPLATE_MESSAGES; /* they come with the first flow */
    destination->writer = ipfix_writer_new(&ipfix);
    STAILQ_INIT(&destination->queue);
    destination->retry = evtimer_new(base, on_retry, destination);
    destination->pace = evtimer_new(base, on_pace, destination);
    destination->refresh = evtimer_new(base, on_refresh, destination);
    destination->backoff = (struct backoff){.first_ms = RETRY_FIRST_MS, .max_ms = config->retry_max_ms};
    destination_connect(destination);
    return destination;
}

void destination_free(struct destination *destination) {
    if (!destination) return;
    resolve_cancel(destination->resolving);
    connection_close(destination);
    while (!STAILQ_EMPTY(&destination->queue))
        message_drop(destination);
    event_free(destination->retry);
    event_free(destination->pace);
    event_free(destination->refresh);
    ipfix_writer_free(destination->writer);
    free(destination->target.url);
    free(destination->target.host);
    free(destination);
}

void destination_flow(struct destination *destination, unsigned rule, const struct meter_flow *flow, int64_t now_us) {
    if (!destination->target.tcp && destination->untemplated >= EXPORTER_TEMPLATE_MESSAGES)
        templates_send(destination, now_us);
    ipfix_writer_flow(destination->writer, rule, flow, now_us);
}

void destination_flush(struct destination *destination, int64_t now_us) {
    ipfix_writer_flush(destination->writer, now_us);
}

void destination_tick(struct destination *destination, int64_t now_us) {
    destination_flush(destination, now_us);
    if (++destination->quiet < QUIET_TICKS || !destination->status.connected) return;
    destination->status.problem[0] = '\0';
    backoff_reset(&destination->backoff); /* good for a while, not just until the first message */
}

size_t destination_backlog(const struct destination *destination) {
    return destination->status.queued + (ipfix_writer_is_empty(destination->writer) ? 0 : destination->config->mtu);
}

const char *destination_url(const struct destination *destination) { return destination->target.url; }

const struct destination_status *destination_status(const struct destination *destination) {
    return &destination->status;
}
