/* The collector's thread and its surroundings: sockets → messages → feed, and the state file. */
#include "daemon/collector.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "import/direct.h"
#include "collect/listener.h"
#include "collect/message.h"
#include "config/capture_options.h"
#include "daemon/loss.h"
#include "daemon/snapshot.h"
#include "daemon/state_file.h"

enum {
    WAIT_MS = 100,          /* longest wait for a message: how late a stop is noticed */
    FLUSH_US = 50000,       /* how long an entry may wait in a block that is not full */
    TICK_US = 1000000,      /* between two looks at what is due */
    SNAPSHOT_US = 100000,   /* between two snapshots of what is shown */
    DRAIN_TURNS = 10000,    /* of the sockets at the end: who goes on sending must not keep us */
    DRAIN_EMPTY = 3,        /* turns without a whole message, as one that takes a connection, are its end */
    FEW = LISTENER_BATCH,   /* messages of a turn: waking up costs more than reading them, so others may gather */
    GATHER_US = 10000,      /* for so long; */
    GATHER_SMALL_US = 1000, /* where the socket's buffer is smaller than */
    GATHER_BUFFER = 4 << 20,
    FEED_LOW = FEED_BLOCKS / 4 /* blocks: with fewer free ones datagrams stay in the kernel's buffer */
};
#define STATE_US (INT64_C(60) * 1000000) /* between two writings of the state */
#define NAMES_US (INT64_C(5) * 1000000)  /* between two writings of names */
enum { NAMES_PART = 32 };                /* of the memory: for names */

struct collector {
    const struct config *config;
    struct prefixes allow, sampling;
    struct listener *listener; /* the thread's, while it runs, as the decoder */
    struct message_decoder *decoder;
    struct feed *feed;
    struct worker worker;
    struct snapshots snapshots;
    struct loss thrown_away;
    uint64_t seed;                         /* of hashes: strangers don't know it */
    struct learned *learned;               /* as the decoder; NULL: names are not kept */
    uint64_t state_version, names_version; /* as written last */

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

static void state_write(struct collector *collector) {
    struct buffer text = BUFFER_INIT;
    struct error error;
    uint64_t version = message_state_version(collector->decoder);
    if (!collector->config->collector.state || version == collector->state_version) return;
    message_state_write(collector->decoder, &text);
    if (state_file_replace(collector->config->collector.state, &text, &error) == 0)
        collector->state_version = version;
    else
        log_warning("collector", "%s; after a restart exporters must send their templates again", error.text);
    buffer_release(&text);
}

/* One that can't be read is said and left behind: templates come again. */
static void state_read(struct collector *collector) {
    const char *path = collector->config->collector.state;
    struct buffer text = BUFFER_INIT;
    struct error error = {""};
    if (path && state_file_read(path, &text, &error) != 0)
        log_warning("collector", "%s; ignored", error.text);
    else if (text.len > 0 &&
             message_state_read(collector->decoder, text.data, text.len, clock_now_us(&clock_system), &error) != 0)
        log_warning("collector", "%s: %s; ignored", path, error.text);
    buffer_release(&text);
    collector->state_version = message_state_version(collector->decoder);
}

/* What exporters call things
 * ---------------------------------------------------------------------------------------------------- */

static void names_write(struct collector *collector) {
    struct buffer text = BUFFER_INIT;
    struct error error;
    uint64_t version = collector->learned ? learned_version(collector->learned) : collector->names_version;
    if (version == collector->names_version) return;
    learned_write(collector->learned, &text);
    if (state_file_replace(collector->config->names.learned, &text, &error) == 0)
        collector->names_version = version;
    else
        log_warning("collector", "%s; names that exporters report are not shown", error.text);
    buffer_release(&text);
}

static void names_read(struct collector *collector) {
    const char *path = collector->config->names.learned;
    struct buffer text = BUFFER_INIT;
    struct error error;
    if (!path) return;
    collector->learned = learned_new(collector->config->collector.memory / NAMES_PART, collector->seed);
    if (state_file_read(path, &text, &error) != 0) log_warning("collector", "%s; ignored", error.text);
    unsigned bad = text.len == 0 ? 0
                                 : learned_read(collector->learned, text.data, text.len,
                                                (uint32_t)(clock_now_us(&clock_system) / 1000000));
    if (bad > 0) log_warning("collector", "%s: %u lines ignored", path, bad);
    collector->names_version = learned_version(collector->learned);
    buffer_release(&text);
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

/* At most once in so many microseconds; a clock that was set back doesn't make it wait. */
static bool is_due(int64_t *last, int64_t now, int64_t every) {
    if (now - *last < every && now >= *last) return false;
    *last = now;
    return true;
}

static void thread_run(void *context) {
    struct collector *collector = context;
    struct pollfd ready = {.fd = listener_fd(collector->listener), .events = POLLIN};
    const unsigned gather_us =
        listener_counters(collector->listener)->buffer < GATHER_BUFFER ? GATHER_SMALL_US : GATHER_US;
    int64_t ticked = 0, flushed = 0, written = 0, named = 0, shown = 0; /* the first tick changes what was read */
    while (!worker_stopping(&collector->worker)) {
        bool room = feed_has_blocks(collector->feed, FEED_LOW);
        if (poll(&ready, room, WAIT_MS) < 0 && errno != EINTR) log_error("collector", "poll: %s", strerror(errno));
        unsigned messages = room ? listener_turn(collector->listener, 0) : 0;
        int64_t now = clock_now_us(&clock_system);
        if (is_due(&ticked, now, TICK_US)) tick(collector, now, false);
        if (is_due(&shown, now, SNAPSHOT_US))
            snapshots_take(&collector->snapshots, collector->listener, collector->decoder, now);
        if (is_due(&written, now, STATE_US)) state_write(collector);
        if (is_due(&named, now, NAMES_US)) names_write(collector);
        if (is_due(&flushed, now, FLUSH_US)) feed_flush(collector->feed);
        if (messages > 0 && messages < FEW) usleep(gather_us);
    }
    for (unsigned turns = 0, empty = 0; turns < DRAIN_TURNS && empty < DRAIN_EMPTY; turns++)
        empty = listener_turn(collector->listener, 0) > 0 ? 0 : empty + 1;
    int64_t now = clock_now_us(&clock_system);
    tick(collector, now, true);
    snapshots_take(&collector->snapshots, collector->listener, collector->decoder, now);
    feed_flush(collector->feed);
    state_write(collector);
    names_write(collector);
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
        .ends = (enum data_record_ends)config->collector.tunnel_ends,
        .count_denied = config->collector.count_denied,
        .longest_us = config->import.max_flow_duration * 1000000,
        .allow = config->collector.allow ? &collector->allow : NULL,
        .sampling = config->collector.sampling ? &collector->sampling : NULL,
    };
    capture_options_packet(config, &decoder.packet);
    if (getrandom(&collector->seed, sizeof collector->seed, GRND_NONBLOCK) < 0) collector->seed = 0;
    names_read(collector);
    decoder.seed = collector->seed;
    decoder.learned = collector->learned;
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
    snapshots_init(&collector->snapshots);
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
    learned_free(collector->learned);
    if (collector->listener) listener_close(collector->listener);
    feed_free(collector->feed);
    snapshots_release(&collector->snapshots);
    free(collector);
}

int collector_start(struct collector *collector, struct event_base *base,
                    void (*finished)(void *context, int exit_code), void *context, struct error *error) {
    collector->finished = finished;
    collector->context = context;
    decoder_make(collector); /* not before: the state file is the account's that flowimportd goes on as */
    snapshots_take(&collector->snapshots, collector->listener, collector->decoder, clock_now_us(&clock_system));
    if (worker_start(&collector->worker, base, error) != 0) return -1;
    log_notice("collector", "listening on %s", collector->config->collector.listen);
    return 0;
}

struct feed *collector_feed(struct collector *collector) { return collector->feed; }
void collector_stop(struct collector *collector) { worker_stop(&collector->worker); }

void collector_show(struct collector *collector, struct show *show) {
    snapshots_show(&collector->snapshots, show);
    show_counter(show, "thrown_away_total", "Flows discarded because the event loop did not take them in time.",
                 feed_lost(collector->feed));
}

void collector_problems(struct collector *collector, struct buffer *out) {
    snapshots_problems(&collector->snapshots, clock_now_us(&clock_system), out);
}
