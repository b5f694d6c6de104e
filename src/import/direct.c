/* Entries from the feed to the store, by way of two generations. */
#include "import/direct.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "flow/rejected.h"
#include "import/counters.h"

enum {
    TAKEN_AT_ONCE = 1 << 14, /* entries out of the feed: some 10 ms, then the loop has other work */
    FLOW_HEAD = 9,           /* bytes of a packed flow: start, end, family */
    REFUSED_LOGGED = 3,      /* refused entries of a generation that are logged */
    REFUSED_TEXT = 500,      /* bytes of each */
};

struct direct {
    struct event_base *base;
    const struct importer_config *config;
    const struct flow_layout *layout;
    const struct clock *clock;
    void (*finished)(void *context, int exit_code);
    void *context;
    struct feeds feeds;
    const char *text;     /* the entry that found no room; NULL: none */
    size_t len;           /* its */
    uint64_t lost_before; /* what the feeds had lost when they were last empty */
    uint64_t discarded;   /* read after the end */

    struct event *fed[FEEDS_MAX];
    struct committer *committer;
    bool ready; /* the store has answered once */
    bool flush_due, stopping, done;
    enum flush_cause due_cause; /* of flush_due */
    int64_t last_number;        /* of a generation: its first entry's time */
};

static void direct_finish(struct direct *direct, int exit_code) {
    direct->done = true;
    if (direct->fed[0]) event_active(direct->fed[0], EV_READ, 0);
    direct->finished(direct->context, exit_code);
}

static void generation_name(struct direct *direct, struct generation *generation) {
    struct generation_id *id = &generation->ledger.id;
    snprintf(id->consumer, sizeof id->consumer, "direct:%s", direct->config->queue.name);
    id->generation = generation_number(&direct->last_number, clock_now_us(direct->clock));
}

/* --- entries --- */

/* Refused entries are our own meter's: a line in the log helps more than a list of them. */
static void refused_drop(struct generation *generation) {
    const struct buffer *rejects = &generation->rejects;
    size_t at = rejected_entry(rejects->data, rejects->len), len = rejects->len - at;
    if (generation->ledger.rejected <= REFUSED_LOGGED)
        log_warning("import", "refused: %.*s: %.*s", (int)at - 1, rejects->data,
                    len < REFUSED_TEXT ? (int)len : REFUSED_TEXT, rejects->data + at);
    generation->n_rejects = 0;
    buffer_clear(&generation->rejects);
}

/* An entry's text never begins with a zero: flows that are read already do, then their number follows, and each with
 * no more than the layout has. */
size_t direct_flows_pack(const struct flow_layout *layout, const struct flow_record *flows, unsigned n,
                         char out[DIRECT_FLOWS_BYTES]) {
    char *at = out;
    *at++ = '\0';
    *at++ = (char)n;
    for (const struct flow_record *flow = flows; flow < flows + n; flow++) {
        memcpy(at, &flow->start, sizeof flow->start);
        memcpy(at + 4, &flow->end, sizeof flow->end);
        at[8] = (char)flow->family;
        at += FLOW_HEAD;
        for (unsigned i = 0; i < layout->n_sums; i++, at += sizeof flow->sums[0])
            memcpy(at, &flow->sums[i], sizeof flow->sums[0]);
        flow_key_copy(at, flow->key, layout->key_bytes[flow->family]);
        at += layout->key_bytes[flow->family];
    }
    return (size_t)(at - out);
}

static enum fold_verdict flows_fold(struct direct *direct, struct generation *generation, int64_t now) {
    const struct flow_layout *layout = direct->layout;
    struct flow_record flows[2];
    const char *at = direct->text + 2;
    unsigned n = (unsigned)direct->text[1];
    for (struct flow_record *flow = flows; flow < flows + n; flow++) {
        memcpy(&flow->start, at, sizeof flow->start);
        memcpy(&flow->end, at + 4, sizeof flow->end);
        flow->family = (uint8_t)at[8];
        at += FLOW_HEAD;
        for (unsigned i = 0; i < layout->n_sums; i++, at += sizeof flow->sums[0])
            memcpy(&flow->sums[i], at, sizeof flow->sums[0]);
        flow_key_copy(flow->key, at, layout->key_bytes[flow->family]);
        at += layout->key_bytes[flow->family];
    }
    return fold_flows(committer_folder(direct->committer), generation, now, flows, n);
}

/* false: there is no room. */
static bool entry_fold(struct direct *direct, int64_t now) {
    struct generation *generation = committer_folding(direct->committer);
    if (generation_is_empty(generation)) generation_name(direct, generation);
    bool is_text = direct->len == 0 || direct->text[0] != '\0';
    if ((is_text ? fold_entry(committer_folder(direct->committer), generation, now, direct->text, direct->len)
                 : flows_fold(direct, generation, now)) == FOLD_FULL)
        return false;
    if (generation->n_rejects > 0) refused_drop(generation);
    return true;
}

/* The next entry is direct->text. false: there is none. */
static bool entry_next(struct direct *direct) {
    return direct->text || feeds_next(&direct->feeds, &direct->text, &direct->len);
}

enum reading { READ_ALL, READ_SOME, READ_FULL };

static enum reading feed_read(struct direct *direct) {
    int64_t now = clock_now(direct->clock);
    for (unsigned n = 0; n < TAKEN_AT_ONCE; n++) {
        if (!entry_next(direct)) {
            direct->lost_before = feeds_lost(&direct->feeds);
            return READ_ALL;
        }
        if (!entry_fold(direct, now)) return READ_FULL;
        direct->text = NULL;
    }
    return READ_SOME;
}

/* After the end: a writer who waits for room is to go on. */
static void feed_discard(struct direct *direct) {
    if (direct->text) direct->discarded++;
    while (feeds_next(&direct->feeds, &direct->text, &direct->len))
        direct->discarded++;
    direct->text = NULL;
}

/* --- the next step --- */

/* Does whatever can be done next. Called after every event. Before the store has answered, nothing is
 * folded. */
static void direct_step(struct direct *direct) {
    if (direct->done) return;
    if (!direct->ready) {
        if (direct->stopping && !entry_next(direct)) direct_finish(direct, 0);
        return;
    }
    enum reading reading = feed_read(direct);
    committer_look(direct->committer);
    bool ending = direct->stopping && reading == READ_ALL, again = reading == READ_SOME;
    if (generation_is_empty(committer_folding(direct->committer))) {
        direct->flush_due = false;
        if (ending && committer_is_free(direct->committer)) direct_finish(direct, 0);
    } else if (committer_is_free(direct->committer) && (reading == READ_FULL || direct->flush_due || ending)) {
        enum flush_cause asked = direct->flush_due ? direct->due_cause : FLUSH_STOP;
        direct->flush_due = false;
        committer_hand_over(direct->committer, reading == READ_FULL ? FLUSH_FULL : asked);
        again = again || reading == READ_FULL;
    }
    if (again) event_active(direct->fed[0], EV_READ, 0);
}

static void on_fed(evutil_socket_t fd, short what, void *context) {
    struct direct *direct = context;
    (void)fd, (void)what;
    feeds_woken(&direct->feeds);
    if (direct->done)
        feed_discard(direct);
    else
        direct_step(direct);
}

/* --- the committer and the outside --- */

static void flush_ask(struct direct *direct, enum flush_cause cause) {
    direct->flush_due = true;
    direct->due_cause = cause;
    direct_step(direct);
}

static void on_told(void *context, const struct committer_news *news) {
    struct direct *direct = context;
    if (direct->done) return;
    switch (news->event) {
    case COMMITTER_READY: direct->ready = true; break;
    case COMMITTER_COMMITTED: committer_release(direct->committer); break;
    case COMMITTER_TAKEN: /* another process has our name, and had the same microsecond */
        committer_rename(direct->committer, generation_number(&direct->last_number, clock_now_us(direct->clock)));
        break;
    case COMMITTER_FLUSH: flush_ask(direct, FLUSH_INTERVAL); return;
    case COMMITTER_FAILED:
        log_error("store", "%s", news->why);
        direct_finish(direct, 1);
        return;
    case COMMITTER_TOO_LARGE:
    case COMMITTER_OVERLAPS: /* no queue has counted them */
    case COMMITTER_KNOWS:
    case COMMITTER_FOUND:
    case COMMITTER_LEFT: break;
    }
    direct_step(direct);
}

void direct_flush(struct direct *direct) { flush_ask(direct, FLUSH_SIGNAL); }

void direct_stop(struct direct *direct) {
    if (direct->done) return;
    direct->stopping = true;
    committer_stop(direct->committer);
    direct_step(direct);
}

const struct importer_counters *direct_counters(const struct direct *direct) {
    return committer_counters(direct->committer);
}

struct direct *direct_new(struct event_base *base, const struct importer_config *config,
                          const struct flow_layout *layout, const struct schema *schema, const struct clock *clock,
                          void (*finished)(void *context, int exit_code), void *context) {
    struct direct *direct = mem_zalloc(1, sizeof *direct);
    direct->base = base;
    direct->config = config;
    direct->layout = layout;
    direct->clock = clock;
    direct->finished = finished;
    direct->context = context;
    direct->committer = committer_new(base, config, layout, schema, clock, PATIENCE_ALONE, on_told, direct);
    return direct;
}

void direct_take(struct direct *direct, struct feed *feed) {
    unsigned i = direct->feeds.n++;
    direct->feeds.list[i] = feed;
    direct->fed[i] = event_new(direct->base, feed_fd(feed), EV_READ | EV_PERSIST, on_fed, direct);
    event_add(direct->fed[i], NULL);
}

void direct_start(struct direct *direct) { committer_start(direct->committer, true, true); }
void direct_reconfigure(struct direct *direct) { committer_reconfigure(direct->committer); }

static void generation_look(const struct generation *generation, struct counters_held *held) {
    int64_t since = generation->ledger.id.generation / 1000000;
    held->entries += generation->ledger.entries;
    if (!generation_is_empty(generation) && since < held->oldest) held->oldest = since;
}

static struct counters_held held_find(const struct direct *direct) {
    struct counters_held held = {.oldest = INT64_MAX};
    const struct generation *writing = committer_writing(direct->committer);
    generation_look(committer_folding(direct->committer), &held);
    if (writing) generation_look(writing, &held);
    committer_memory(direct->committer, &held.bytes, &held.rows);
    return held;
}

void direct_free(struct direct *direct) {
    if (!direct) return;
    uint64_t lost = held_find(direct).entries + (direct->text != NULL) + direct->discarded;
    if (lost > 0) log_error("import", "%" PRIu64 " entries lost: they were not committed", lost);
    committer_free(direct->committer);
    for (unsigned i = 0; i < direct->feeds.n; i++)
        event_free(direct->fed[i]);
    free(direct);
}

void direct_show(const struct direct *direct, struct show *show) {
    struct counters_held held = held_find(direct);
    committer_show_import(direct->committer, &held, show);
    show_bool(show, "folding", !generation_is_empty(committer_folding(direct->committer)));
    show_bool(show, "writing", committer_writing(direct->committer) != NULL);
    show_bool(show, "full", direct->text != NULL);
    show_bool(show, "stopping", direct->stopping);
    committer_show_store(direct->committer, show);
}

void direct_problems(const struct direct *direct, struct buffer *out) {
    struct counters_held held = held_find(direct);
    uint64_t lost = feeds_lost(&direct->feeds) - direct->lost_before;
    committer_problems(direct->committer, &held, out);
    if (lost > 0) buffer_printf(out, "import: no room: %" PRIu64 " entries lost\n", lost);
}
