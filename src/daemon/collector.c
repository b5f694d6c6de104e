/* The collector's thread and its surroundings: sockets → messages → feed, and the state file. */
#include "daemon/collector.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "import/direct.h"
#include "collect/listener.h"
#include "collect/message.h"
#include "daemon/loss.h"

enum {
    WAIT_MS = 100,          /* longest wait for a message: how late a stop is noticed */
    FLUSH_US = 50000,       /* how long an entry may wait in a block that is not full */
    TICK_US = 1000000,      /* between two looks at what is due */
    DRAIN_TURNS = 10000,    /* of the sockets at the end: who goes on sending must not keep us */
    DRAIN_EMPTY = 3,        /* turns without a whole message, as one that takes a connection, are its end */
    FEW = LISTENER_BATCH,   /* messages of a turn: waking up costs more than reading them, so others may gather */
    GATHER_US = 10000,      /* for so long; */
    GATHER_SMALL_US = 1000, /* where the socket's buffer is smaller than */
    GATHER_BUFFER = 4 << 20,
    FEED_LOW = FEED_BLOCKS / 4 /* blocks: with fewer free ones datagrams stay in the kernel's buffer */
};
#define STATE_US (INT64_C(60) * 1000000) /* between two writings of the state */
enum { STATE_MAX = 64 << 20 };           /* bytes of a state file */

struct collector {
    const struct config *config;
    struct prefixes allow, sampling;
    struct listener *listener;
    struct message_decoder *decoder;
    struct feed *feed;
    struct worker worker;
    pthread_mutex_t lock; /* guards listener and decoder; the thread holds it but while it waits */
    struct loss thrown_away;
    uint64_t state_version; /* as written last */

    /* the loop's */
    void (*finished)(void *context, int exit_code);
    void *context;
};

/* What comes out of the decoder
 * ------------------------------------------------------------------------------------------------- */

static void on_entry(void *context, const char *text, size_t len) {
    struct collector *collector = context;
    worker_feed(&collector->worker, collector->feed, text, len);
}

static void on_flows(void *context, const struct flow_record *flows, unsigned n) {
    struct collector *collector = context;
    char *packed = worker_feed_begin(&collector->worker, collector->feed, DIRECT_FLOWS_BYTES);
    if (packed) feed_end(collector->feed, direct_flows_pack(&collector->config->layout, flows, n, packed));
}

static void on_lost(void *context, const struct lost *lost) {
    struct collector *collector = context;
    char text[LOST_ENTRY_MAX];
    worker_feed(&collector->worker, collector->feed, text, lost_write(lost, text));
}

/* What comes off the sockets
 * ------------------------------------------------------------------------------------------------- */

static int on_message(void *context, const struct message_source *source, const uint8_t *bytes, size_t len,
                      int64_t now_us) {
    struct collector *collector = context;
    return message_decode(collector->decoder, source, bytes, len, now_us);
}

static void on_connection_over(void *context, const struct message_source *source) {
    struct collector *collector = context;
    message_over(collector->decoder, source);
}

static void on_dropped(void *context, const char *socket, uint64_t n, int64_t now_us) {
    struct collector *collector = context;
    struct lost lost = {.what = LOST_DATAGRAMS, .n = n};
    lost.start = lost.end = (uint32_t)(now_us / 1000000);
    snprintf(lost.source, sizeof lost.source, "%s", socket);
    on_lost(collector, &lost);
}

/* The state file
 * ------------------------------------------------------------------------------------------------------------- */

/* Beside the file, then moved: a crash leaves the old one or the new one. */
static int file_replace(const char *path, const struct buffer *text) {
    char *fresh = mem_printf("%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    bool written = fd >= 0 && write(fd, text->data, text->len) == (ssize_t)text->len && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0) written = false;
    if (written) written = rename(fresh, path) == 0;
    if (!written)
        log_warning("collector", "%s: %s; templates will have to come again after a restart", path, strerror(errno));
    free(fresh);
    return written ? 0 : -1;
}

static void state_write(struct collector *collector) {
    struct buffer text = BUFFER_INIT;
    uint64_t version = message_state_version(collector->decoder);
    if (!collector->config->collector.state || version == collector->state_version) return;
    message_state_write(collector->decoder, &text);
    if (file_replace(collector->config->collector.state, &text) == 0) collector->state_version = version;
    buffer_release(&text);
}

/* One that can't be read is said and left behind: templates come again. */
static void state_read(struct collector *collector) {
    const char *path = collector->config->collector.state;
    struct error error = {""};
    struct stat status;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        if (path && errno != ENOENT) log_warning("collector", "%s: %s", path, strerror(errno));
        return;
    }
    if (fstat(fd, &status) == 0 && status.st_size > 0 && status.st_size <= STATE_MAX) {
        char *text = mem_alloc((size_t)status.st_size);
        ssize_t len = read(fd, text, (size_t)status.st_size);
        if (len < 0)
            error_set(&error, "%s", strerror(errno));
        else if (message_state_read(collector->decoder, text, (size_t)len, clock_now_us(&clock_system), &error) == 0)
            error.text[0] = '\0';
        free(text);
    }
    close(fd);
    if (error.text[0]) log_warning("collector", "%s: %s; it is left out", path, error.text);
    collector->state_version = message_state_version(collector->decoder);
}

/* The thread
 * ----------------------------------------------------------------------------------------------------------------- */

static void tick(struct collector *collector, int64_t now, bool last) {
    if (last)
        message_end(collector->decoder, now);
    else
        message_tick(collector->decoder, now);
    loss_tell(&collector->thrown_away, feed_lost(collector->feed), now, last, &collector->worker, collector->feed);
}

static void thread_run(void *context) {
    struct collector *collector = context;
    struct pollfd ready = {.fd = listener_fd(collector->listener), .events = POLLIN};
    const unsigned gather_us =
        listener_counters(collector->listener)->buffer < GATHER_BUFFER ? GATHER_SMALL_US : GATHER_US;
    int64_t ticked = 0, flushed = 0, written = 0; /* the first tick changes what was read */
    while (!worker_stopping(&collector->worker)) {
        bool room = feed_has_blocks(collector->feed, FEED_LOW);
        if (poll(&ready, room, WAIT_MS) < 0 && errno != EINTR) log_error("collector", "poll: %s", strerror(errno));
        pthread_mutex_lock(&collector->lock);
        unsigned messages = room ? listener_turn(collector->listener, 0) : 0;
        int64_t now = clock_now_us(&clock_system);
        if (now - ticked >= TICK_US || now < ticked) {
            tick(collector, now, false);
            ticked = now;
        }
        if (now - written >= STATE_US || now < written) {
            state_write(collector);
            written = now;
        }
        pthread_mutex_unlock(&collector->lock);
        if (now - flushed >= FLUSH_US || now < flushed) {
            feed_flush(collector->feed);
            flushed = now;
        }
        if (messages > 0 && messages < FEW) usleep(gather_us);
    }
    pthread_mutex_lock(&collector->lock);
    for (unsigned turns = 0, empty = 0; turns < DRAIN_TURNS && empty < DRAIN_EMPTY; turns++)
        empty = listener_turn(collector->listener, 0) > 0 ? 0 : empty + 1;
    tick(collector, clock_now_us(&clock_system), true);
    state_write(collector);
    pthread_mutex_unlock(&collector->lock);
    feed_flush(collector->feed);
}

/* The loop's side
 * ------------------------------------------------------------------------------------------------------------ */

static void on_over(void *context) {
    struct collector *collector = context;
    const struct message_counters *counters = message_counters(collector->decoder);
    log_notice("collector",
               "%" PRIu64 " messages with %" PRIu64 " flows; lost: %" PRIu64 " flows, %" PRIu64 " messages, %" PRIu64
               " data sets, %" PRIu64 " datagrams by the kernel",
               counters->messages, counters->flows, counters->lost[LOST_FLOWS], counters->lost[LOST_MESSAGES],
               counters->lost[LOST_SETS], listener_counters(collector->listener)->dropped);
    collector->finished(collector->context, 0);
}

static void decoder_make(struct collector *collector) {
    const struct config *config = collector->config;
    bool direct = config->collector.queue == CAPTURE_DIRECT;
    struct message_config decoder = {
        .layout = direct || config->collector.elements == ELEMENTS_NEEDED ? &config->layout : NULL,
        .memory = config->collector.memory,
        .template_lifetime_us = config->collector.template_lifetime * 1000000,
        .hold_us = config->collector.hold * 1000000,
        .max_skew_us = config->collector.max_skew * 1000000,
        .deduplicate_us = config->collector.deduplicate * 1000000,
        .allow = config->collector.allow ? &collector->allow : NULL,
        .sampling = config->collector.sampling ? &collector->sampling : NULL,
    };
    if (getrandom(&decoder.seed, sizeof decoder.seed, GRND_NONBLOCK) < 0) decoder.seed = 0;
    const struct message_sink sink = {
        .context = collector, .entry = on_entry, .flows = direct ? on_flows : NULL, .lost = on_lost};
    collector->decoder = message_decoder_new(&decoder, &sink);
    state_read(collector);
}

struct collector *collector_open(const struct config *config, const struct pipeline *pipeline, struct error *error) {
    struct collector *collector = mem_zalloc(1, sizeof *collector);
    (void)pipeline;
    collector->config = config;
    collector->worker = (struct worker){.run = thread_run, .over = on_over, .context = collector};
    collector->thrown_away = (struct loss){.what = LOST_ENTRIES, .source = "collector"};
    pthread_mutex_init(&collector->lock, NULL);
    /* collector_options_check() has seen that they can be read */
    if ((config->collector.allow && prefixes_parse(&collector->allow, config->collector.allow, false, error) != 0) ||
        (config->collector.sampling &&
         prefixes_parse(&collector->sampling, config->collector.sampling, true, error) != 0))
        goto failed;
    const struct listener_config listener = {.listen = config->collector.listen,
                                             .allow = config->collector.allow ? &collector->allow : NULL,
                                             .buffer = config->collector.buffer,
                                             .clock = &clock_system};
    const struct listener_handler handler = {
        .context = collector, .message = on_message, .over = on_connection_over, .dropped = on_dropped};
    collector->listener = listener_open(&listener, &handler, error);
    if (!collector->listener || !(collector->feed = feed_new(error))) goto failed;
    return collector;
failed:
    collector_free(collector);
    return NULL;
}

void collector_free(struct collector *collector) {
    if (!collector) return;
    worker_join(&collector->worker);
    message_decoder_free(collector->decoder);
    if (collector->listener) listener_close(collector->listener);
    feed_free(collector->feed);
    pthread_mutex_destroy(&collector->lock);
    free(collector);
}

int collector_start(struct collector *collector, struct event_base *base,
                    void (*finished)(void *context, int exit_code), void *context, struct error *error) {
    collector->finished = finished;
    collector->context = context;
    decoder_make(collector); /* not before: the state file is the account's that flowimportd goes on as */
    if (worker_start(&collector->worker, base, error) != 0) return -1;
    log_notice("collector", "listening on %s", collector->config->collector.listen);
    return 0;
}

struct feed *collector_feed(struct collector *collector) {
    return collector->feed;
}
void collector_stop(struct collector *collector) { worker_stop(&collector->worker); }

void collector_show(struct collector *collector, struct show *show) {
    pthread_mutex_lock(&collector->lock);
    listener_show(collector->listener, show);
    message_show(collector->decoder, show);
    show_counter(show, "thrown_away_total", "Flows thrown away because the event loop did not take them.",
                 feed_lost(collector->feed));
    pthread_mutex_unlock(&collector->lock);
}

void collector_problems(struct collector *collector, struct buffer *out) {
    pthread_mutex_lock(&collector->lock);
    message_problems(collector->decoder, out);
    pthread_mutex_unlock(&collector->lock);
}
