/* Entries from the feed to the store, by way of two generations. */
#include "import/direct.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/log.h"
#include "base/mem.h"
#include "flow/rejected.h"
#include "import/counters.h"
#include "import/supply.h"

enum {
    TAKEN_AT_ONCE = 1 << 14, /* entries out of the feed: some 10 ms, then the loop has other work */
    TICK_SECONDS = 1,
    FLOWS_VERSION = 1,  /* of packed flows: to be raised when they change */
    FLOW_HEAD = 9,      /* bytes of a packed flow: start, end, family */
    REFUSED_LOGGED = 3, /* refused entries of a generation that are logged */
    REFUSED_TEXT = 500, /* bytes of each */
    EXIT_FOREIGN = 2,   /* as for a mistake in the configuration: starting again does not help */
};

/* Of a generation: whether its entries are in memory alone, else where in the journal it begins and ends. */
struct span {
    bool alone;
    struct journal_place from, to;
    int64_t number; /* its name's */
};

struct direct {
    struct event_base *base;
    const struct importer_config *config;
    const struct flow_layout *layout;
    const struct clock *clock;
    void (*finished)(void *context, int exit_code);
    void *context;
    struct supply supply;
    uint64_t lost_before; /* what the feeds had lost when they were last empty */

    struct event *fed[FEEDS_MAX], *tick;
    struct committer *committer;
    bool full;           /* there was no room for the supply's entry */
    bool ready;          /* the store has answered once */
    struct span folding; /* of the committer's two generations */
    struct span writing;
    bool halved;  /* the store has found a generation too large */
    enum asking { /* the ledger, how far it has the journal's entries, */
                  ASKING_NOTHING,
                  ASKING_BEGIN, /* to begin */
                  ASKING_TAKEN, /* as the name of what is written is taken */
    } asking;
    bool flush_due, stopping, done;
    int exit_code;
    enum flush_cause due_cause; /* of flush_due */
    int64_t last_number;        /* of a generation: its first entry's time */
};

static void direct_finish(struct direct *direct, int exit_code) {
    direct->done = true;
    if (direct->fed[0]) event_active(direct->fed[0], EV_READ, 0);
    direct->finished(direct->context, exit_code);
}

/* As the same entries, folded again, would be named. Entries in memory alone are not folded again. */
static void generation_begin(struct direct *direct, struct generation *generation) {
    const struct supply *supply = &direct->supply;
    struct generation_id *id = &generation->ledger.id;
    direct->folding = (struct span){.alone = supply->number == 0, .from = supply_place(supply)};
    snprintf(id->consumer, sizeof id->consumer, "direct:%s", direct->config->queue.name);
    id->generation = supply->number;
    if (direct->folding.alone) id->generation = generation_number(&direct->last_number, clock_now_us(direct->clock));
}

/* Whether the next entry must wait for the next generation. */
static bool generation_is_over(const struct direct *direct, const struct generation *generation) {
    if (generation_is_empty(generation)) return false;
    if (direct->folding.alone != (direct->supply.number == 0)) return true;
    return direct->halved && generation->ledger.entries >= committer_entries_max(direct->committer);
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

uint32_t direct_flows_layout(const struct flow_layout *layout) {
    struct buffer text = BUFFER_INIT;
    for (unsigned i = 0; i < layout->n_fields; i++)
        buffer_printf(&text, "%s,", layout->fields[i].element[FLOW_IPV4]->name);
    for (unsigned i = 0; i < layout->n_sums; i++)
        buffer_printf(&text, "+%s", layout->sums[i]->name);
    uint32_t hash = (uint32_t)XXH3_64bits_withSeed(text.data, text.len, FLOWS_VERSION);
    buffer_release(&text);
    return hash;
}

static enum fold_verdict flows_fold(struct direct *direct, struct generation *generation) {
    const struct flow_layout *layout = direct->layout;
    struct flow_record flows[2];
    const char *at = direct->supply.text + 2;
    unsigned n = (unsigned)direct->supply.text[1];
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
    return fold_flows(committer_folder(direct->committer), generation, direct->supply.now, flows, n);
}

/* The supply's entry. false: there is no room. */
static bool entry_fold(struct direct *direct) {
    const struct supply *supply = &direct->supply;
    struct generation *generation = committer_folding(direct->committer);
    if (generation_is_over(direct, generation)) return false;
    if (generation_is_empty(generation)) generation_begin(direct, generation);
    bool is_text = supply->len == 0 || supply->text[0] != '\0';
    if ((is_text ? fold_entry(committer_folder(direct->committer), generation, supply->now, supply->text, supply->len)
                 : flows_fold(direct, generation)) == FOLD_FULL)
        return false;
    if (generation->n_rejects > 0) refused_drop(generation);
    return true;
}

enum reading { READ_ALL, READ_SOME, READ_FULL };

static enum reading feed_read(struct direct *direct) {
    struct supply *supply = &direct->supply;
    for (unsigned n = 0; n < TAKEN_AT_ONCE; n++) {
        if (!supply_look(supply)) {
            direct->lost_before = feeds_lost(&supply->feeds);
            return READ_ALL;
        }
        if (!entry_fold(direct)) return READ_FULL;
        supply_taken(supply);
    }
    return READ_SOME;
}

/* --- the next step --- */

/* What is written can be read again, if it is in the journal; at the end, so must be all the rest. */
static void patience_set(struct direct *direct) {
    const struct generation *folding = committer_folding(direct->committer);
    bool alone = committer_writing(direct->committer) && direct->writing.alone;
    if (direct->stopping)
        alone = alone || (!generation_is_empty(folding) && direct->folding.alone) || !supply_is_safe(&direct->supply);
    committer_be(direct->committer, alone || !direct->supply.journal ? PATIENCE_ALONE : PATIENCE_SOURCE);
}

static void hand_over(struct direct *direct, enum flush_cause cause) {
    struct ledger_row *ledger = &committer_folding(direct->committer)->ledger;
    direct->writing = direct->folding;
    direct->writing.to = supply_place(&direct->supply);
    direct->writing.number = ledger->id.generation;
    if (!direct->writing.alone) {
        ledger->claim = journal_stream(direct->supply.journal);
        ledger->position = journal_place_pack(direct->writing.to);
    }
    committer_hand_over(direct->committer, cause);
    patience_set(direct);
}

static void reach_ask(struct direct *direct, enum asking asking) {
    struct generation_id id;
    snprintf(id.consumer, sizeof id.consumer, "direct:%s", direct->config->queue.name);
    direct->asking = asking;
    committer_reach(direct->committer, &id, journal_stream(direct->supply.journal));
}

/* Whether entries can be folded: the store has answered, also how far it has those of the journal. */
static bool can_fold(struct direct *direct) {
    struct supply *supply = &direct->supply;
    if (!direct->ready) return false;
    if (supply->placed || !supply->journal || !journal_is_open(supply->journal, clock_now(direct->clock))) return true;
    if (direct->asking == ASKING_NOTHING && committer_is_free(direct->committer)) reach_ask(direct, ASKING_BEGIN);
    return false;
}

/* Before the store has answered. */
static void wait_step(struct direct *direct) {
    supply_drain(&direct->supply);
    patience_set(direct);
    if (direct->stopping && !direct->supply.journal && !supply_look(&direct->supply)) direct_finish(direct, 0);
}

/* Hands over what is to be written. Returns whether there is more to do at once. */
static bool flush_step(struct direct *direct, enum reading reading) {
    bool ending = direct->stopping && reading == READ_ALL, free = committer_is_free(direct->committer);
    bool filling = direct->supply.journal && journal_is_filling(direct->supply.journal);
    if (generation_is_empty(committer_folding(direct->committer))) {
        direct->flush_due = false;
        if (ending && free) direct_finish(direct, direct->exit_code);
    } else if (free && (reading == READ_FULL || filling || direct->flush_due || ending)) {
        enum flush_cause asked = direct->flush_due ? direct->due_cause : FLUSH_STOP;
        direct->flush_due = false;
        hand_over(direct, reading == READ_FULL || filling ? FLUSH_FULL : asked);
        return reading == READ_FULL;
    }
    return false;
}

/* What was folded is committed, then all ends: what is in the journal by another layout is for who has that one. */
static void foreign_stop(struct direct *direct) {
    log_error(
        "spool",
        "the spool has entries of a process with other aggr_values or aggr_sums, or of another version; stopping. "
        "Start once with those, and they are counted; or move the files of the spool away, and they are given up");
    direct->exit_code = EXIT_FOREIGN;
    direct_stop(direct);
}

/* Does whatever can be done next. Called after every event. Before the store has answered, nothing is
 * folded. */
static void direct_step(struct direct *direct) {
    if (direct->done) return;
    if (!can_fold(direct)) {
        wait_step(direct);
        return;
    }
    enum reading reading = feed_read(direct);
    if (direct->supply.foreign && !direct->stopping) {
        foreign_stop(direct);
        return;
    }
    direct->full = reading == READ_FULL;
    committer_look(direct->committer);
    bool again = flush_step(direct, reading);
    if (reading == READ_FULL && !again) supply_drain(&direct->supply);
    if (direct->stopping) patience_set(direct);
    if (again || reading == READ_SOME) event_active(direct->fed[0], EV_READ, 0);
}

static void on_fed(evutil_socket_t fd, short what, void *context) {
    struct direct *direct = context;
    (void)fd, (void)what;
    feeds_woken(&direct->supply.feeds);
    if (direct->done)
        supply_discard(&direct->supply);
    else
        direct_step(direct);
}

/* What has failed at the journal is tried again. */
static void on_tick(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what;
    direct_step(context);
}

/* --- the committer and the outside --- */

static void flush_ask(struct direct *direct, enum flush_cause cause) {
    direct->flush_due = true;
    direct->due_cause = cause;
    direct_step(direct);
}

static void on_committed(struct direct *direct) {
    if (!direct->writing.alone) journal_forget(direct->supply.journal, direct->writing.to);
    committer_release(direct->committer);
}

/* What is not in the ledger before this place is folded again, but for what is in memory alone. */
static void rewind_to(struct direct *direct, struct journal_place place) {
    static const struct generation_id none = {.generation = 0};
    struct generation *folding = committer_folding(direct->committer);
    committer_release(direct->committer); /* of what was dropped */
    if (!direct->folding.alone) generation_start(folding, &none);
    supply_rewind(&direct->supply, place);
}

static void on_taken(struct direct *direct) {
    if (direct->writing.alone) /* another process has our name, and had the same microsecond */
        committer_rename(direct->committer, generation_number(&direct->last_number, clock_now_us(direct->clock)));
    else
        reach_ask(direct, ASKING_TAKEN);
}

/* Our name was taken by another process, or by our own of before: its last commit ended after we had begun. */
static void on_reach_taken(struct direct *direct, struct journal_place place) {
    if (journal_place_pack(place) > journal_place_pack(direct->writing.from)) {
        log_notice("import", "entries were committed by the process before: they are not counted again");
        rewind_to(direct, place);
        journal_forget(direct->supply.journal, place);
    } else { /* the process before, or the one after, has tried the same next */
        committer_rename(direct->committer, ++direct->writing.number);
    }
}

static void on_reach(struct direct *direct, const struct ledger_row *ledger) {
    struct journal_place place = {0, 0};
    enum asking asking = direct->asking;
    if (ledger) place = journal_place_unpack(ledger->position);
    direct->asking = ASKING_NOTHING;
    if (asking == ASKING_TAKEN) {
        on_reach_taken(direct, place);
        return;
    }
    direct->supply.placed = true;
    supply_rewind(&direct->supply, place);
    journal_forget(direct->supply.journal, place);
}

/* Stopping while the store is away; `why`: NULL: it is between two tries, of which the last one was logged. */
static void on_left(struct direct *direct, const char *why) {
    supply_drain(&direct->supply);
    if (why) log_warning("store", "%s", why);
    log_notice("import", "entries that are not committed stay in the spool");
    direct_finish(direct, direct->exit_code);
}

static void on_told(void *context, const struct committer_news *news) {
    struct direct *direct = context;
    if (direct->done) return;
    switch (news->event) {
    case COMMITTER_READY: direct->ready = true; break;
    case COMMITTER_COMMITTED: on_committed(direct); break;
    case COMMITTER_TAKEN: on_taken(direct); break;
    case COMMITTER_FLUSH: flush_ask(direct, FLUSH_INTERVAL); return;
    case COMMITTER_FAILED:
        log_error("store", "%s", news->why);
        direct_finish(direct, 1);
        return;
    case COMMITTER_TOO_LARGE:
        direct->halved = true;
        rewind_to(direct, direct->writing.from);
        break;
    case COMMITTER_OVERLAPS: /* no queue has counted them */
    case COMMITTER_GAP:
    case COMMITTER_KNOWS: break;
    case COMMITTER_FOUND: on_reach(direct, news->ledger); break;
    case COMMITTER_LEFT: on_left(direct, news->why); return;
    }
    direct_step(direct);
}

void direct_flush(struct direct *direct) { flush_ask(direct, FLUSH_SIGNAL); }

void direct_stop(struct direct *direct) {
    if (direct->done) return;
    direct->stopping = true;
    supply_drain(&direct->supply);
    patience_set(direct);
    committer_stop(direct->committer);
    direct_step(direct);
}

const struct importer_counters *direct_counters(const struct direct *direct) {
    return committer_counters(direct->committer);
}

struct direct *direct_new(struct event_base *base, const struct importer_config *config,
                          const struct journal_config *journal, const struct flow_layout *layout,
                          const struct schema *schema, const struct clock *clock,
                          void (*finished)(void *context, int exit_code), void *context, struct error *error) {
    struct direct *direct = mem_zalloc(1, sizeof *direct);
    direct->base = base;
    direct->config = config;
    direct->layout = layout;
    direct->clock = clock;
    direct->finished = finished;
    direct->context = context;
    direct->supply.clock = clock;
    direct->tick = event_new(base, -1, EV_PERSIST, on_tick, direct);
    direct->committer = committer_new(base, config, layout, schema, clock, PATIENCE_ALONE, on_told, direct);
    if (!journal || (direct->supply.journal = journal_new(journal, error))) return direct;
    direct_free(direct);
    return NULL;
}

void direct_take(struct direct *direct, struct feed *feed) {
    unsigned i = direct->supply.feeds.n++;
    direct->supply.feeds.list[i] = feed;
    direct->fed[i] = event_new(direct->base, feed_fd(feed), EV_READ | EV_PERSIST, on_fed, direct);
    event_add(direct->fed[i], NULL);
}

void direct_start(struct direct *direct) {
    event_add(direct->tick, &(struct timeval){.tv_sec = TICK_SECONDS});
    committer_start(direct->committer, true, true);
}
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

/* Entries that are in memory alone. */
static uint64_t lost_count(const struct direct *direct) {
    const struct generation *folding = committer_folding(direct->committer);
    const struct generation *writing = committer_writing(direct->committer);
    uint64_t lost = supply_left(&direct->supply);
    if (direct->folding.alone) lost += folding->ledger.entries;
    if (writing && direct->writing.alone) lost += writing->ledger.entries;
    return lost;
}

void direct_free(struct direct *direct) {
    if (!direct) return;
    uint64_t lost = lost_count(direct);
    if (lost > 0) log_error("import", "%" PRIu64 " entries lost: they were not committed", lost);
    committer_free(direct->committer);
    for (unsigned i = 0; i < direct->supply.feeds.n; i++)
        event_free(direct->fed[i]);
    event_free(direct->tick);
    journal_free(direct->supply.journal);
    free(direct);
}

void direct_show(const struct direct *direct, struct show *show) {
    struct counters_held held = held_find(direct);
    committer_show_import(direct->committer, &held, show);
    show_bool(show, "folding", !generation_is_empty(committer_folding(direct->committer)));
    show_bool(show, "writing", committer_writing(direct->committer) != NULL);
    show_bool(show, "full", direct->full);
    show_bool(show, "stopping", direct->stopping);
    supply_show(&direct->supply, show);
    committer_show_store(direct->committer, show);
}

void direct_problems(const struct direct *direct, struct buffer *out) {
    struct counters_held held = held_find(direct);
    uint64_t lost = feeds_lost(&direct->supply.feeds) - direct->lost_before;
    committer_problems(direct->committer, &held, out);
    supply_problems(&direct->supply, out);
    if (lost > 0) buffer_printf(out, "import: no room: %" PRIu64 " entries lost\n", lost);
}
