/* Blocks in hand: out of the journal first, then out of the feeds. */
#include "import/supply.h"

static bool place_is_before(struct journal_place a, struct journal_place b) {
    return a.block != b.block ? a.block < b.block : a.index < b.index;
}

static bool in_hand(const struct supply *supply) { return supply->at != NULL; }
static bool is_alone(const struct supply *supply) { return supply->block.position == 0; }

static bool journal_is_usable(struct supply *supply) {
    return supply->journal && journal_is_open(supply->journal, clock_now(supply->clock));
}

/* --- the block in hand --- */

/* The entry `index` of it is the next; false: it has no such. */
static bool block_take(struct supply *supply, bool fed, uint32_t index) {
    const char *text;
    supply->fed = fed;
    supply->index = 0;
    supply->at = supply->block.bytes;
    supply->end = supply->at + supply->block.len;
    for (; supply->index < index && supply->at < supply->end; supply->index++) {
        size_t len = feed_block_next(supply->at, &text);
        supply->at = text + len;
    }
    return supply->at < supply->end;
}

/* The feed's first block is not needed any more. */
static void feed_drop(struct supply *supply) {
    feeds_drop_block(&supply->feeds);
    if (supply->at_ahead < supply->n_ahead) supply->at_ahead++;
}

static void block_leave(struct supply *supply) {
    if (supply->fed) feed_drop(supply);
    supply->fed = false;
    supply->at = supply->end = NULL;
}

/* It has been read to its end. */
static void block_finish(struct supply *supply) {
    if (!is_alone(supply)) supply->place = (struct journal_place){supply->block.position + 1, 0};
    block_leave(supply);
}

/* --- where the next comes from --- */

/* The journal's next. *unreadable: there is one, which can't be read now. */
static bool journal_next(struct supply *supply, bool *unreadable) {
    while (place_is_before(supply->place, journal_end(supply->journal))) {
        int found = journal_read(supply->journal, supply->place.block, clock_now(supply->clock), &supply->block);
        supply->foreign = found == JOURNAL_FOREIGN;
        *unreadable = found < 0;
        if (found < 0) return false;
        if (found == 0) { /* what was there is damaged */
            supply->place = journal_end(supply->journal);
            return false;
        }
        bool same = supply->block.position == supply->place.block;
        if (block_take(supply, false, same ? supply->place.index : 0)) return true;
        block_finish(supply);
    }
    return false;
}

/* The feed's next blocks go to the journal. Whether any did. */
static bool feed_append(struct supply *supply) {
    unsigned n = 0;
    struct journal_block *ahead = supply->ahead;
    while (n < JOURNAL_BATCH && feeds_peek_block(&supply->feeds, n, &ahead[n].bytes, &ahead[n].len, &ahead[n].n))
        n++;
    supply->at_ahead = supply->n_ahead = 0;
    if (n > 0) supply->n_ahead = journal_append(supply->journal, clock_now_us(supply->clock), ahead, n);
    return supply->n_ahead > 0;
}

/* A block of the feed that is in the journal. */
static bool ahead_next(struct supply *supply) {
    if (supply->at_ahead == supply->n_ahead) return false;
    supply->block = supply->ahead[supply->at_ahead];
    supply->place = (struct journal_place){supply->block.position, 0};
    return block_take(supply, true, 0);
}

/* A block of the feed that is in memory alone. */
static bool alone_next(struct supply *supply) {
    struct journal_block *block = &supply->block;
    if (!feeds_peek_block(&supply->feeds, 0, &block->bytes, &block->len, &block->n)) return false;
    block->position = 0;
    block->now = clock_now(supply->clock);
    supply->alone += block->n;
    return block_take(supply, true, 0);
}

/* The next block in hand. false: there is none. */
static bool block_next(struct supply *supply) {
    bool unreadable = false;
    if (ahead_next(supply)) return true;
    if (supply->foreign) return false;
    if (supply->placed && journal_is_usable(supply)) {
        if (journal_next(supply, &unreadable)) return true;
        if (!unreadable && feed_append(supply)) return ahead_next(supply);
        if (supply->foreign) return false;
    }
    return alone_next(supply);
}

bool supply_look(struct supply *supply) {
    if (!in_hand(supply) && !block_next(supply)) return false;
    supply->len = feed_block_next(supply->at, &supply->text);
    supply->now = supply->block.now;
    supply->number = is_alone(supply) ? 0 : supply->block.number + supply->index;
    return true;
}

void supply_taken(struct supply *supply) {
    supply->at = supply->text + supply->len;
    supply->index++;
    if (supply->at == supply->end) block_finish(supply);
}

/* --- going back, and putting aside --- */

struct journal_place supply_place(const struct supply *supply) {
    if (!in_hand(supply) || is_alone(supply)) return supply->place;
    return (struct journal_place){supply->block.position, supply->index};
}

void supply_rewind(struct supply *supply, struct journal_place place) {
    if (in_hand(supply) && !is_alone(supply)) block_leave(supply);
    while (supply->at_ahead < supply->n_ahead) /* they come out of the journal */
        feed_drop(supply);
    supply->place = place;
}

void supply_drain(struct supply *supply) {
    if ((in_hand(supply) && is_alone(supply)) || !journal_is_usable(supply)) return;
    if (supply->at_ahead < supply->n_ahead) supply_rewind(supply, supply_place(supply));
    while (feed_append(supply))
        while (supply->at_ahead < supply->n_ahead)
            feed_drop(supply);
}

void supply_discard(struct supply *supply) {
    struct journal_block block;
    supply_drain(supply);
    if (in_hand(supply) && is_alone(supply)) {
        supply->discarded += supply->block.n - supply->index;
        block_leave(supply);
    }
    for (; feeds_peek_block(&supply->feeds, 0, &block.bytes, &block.len, &block.n); feed_drop(supply))
        supply->discarded += block.n;
}

bool supply_is_safe(const struct supply *supply) {
    return supply->journal && !(in_hand(supply) && is_alone(supply)) && feeds_is_empty(&supply->feeds);
}

uint64_t supply_left(const struct supply *supply) {
    uint64_t in_memory = in_hand(supply) && is_alone(supply) ? supply->block.n - supply->index : 0;
    return in_memory + supply->discarded;
}

/* --- shown --- */

void supply_show(const struct supply *supply, struct show *show) {
    if (!supply->journal) return;
    journal_show(supply->journal, show);
    show_counter(show, "unwritten_entries_total", "Entries that could not be written to the spool.", supply->alone);
}

void supply_problems(const struct supply *supply, struct buffer *out) {
    if (supply->journal) journal_problems(supply->journal, out);
}
