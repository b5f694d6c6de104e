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

static void block_leave(struct supply *supply) {
    if (supply->fed) feeds_drop_block(&supply->feeds);
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

/* The feeds' next: `journaled` where it may go to the journal. */
static bool feed_next_block(struct supply *supply, bool journaled) {
    struct journal_block *block = &supply->block;
    int64_t now_us = clock_now_us(supply->clock);
    if (!feeds_peek_block(&supply->feeds, &block->bytes, &block->len, &block->n)) return false;
    block->position = 0;
    block->now = now_us / 1000000;
    if (journaled) journaled = journal_append(supply->journal, now_us, block);
    if (journaled)
        supply->place = (struct journal_place){block->position, 0};
    else
        supply->alone += block->n;
    return block_take(supply, true, 0);
}

bool supply_look(struct supply *supply) {
    bool unreadable = false;
    if (!in_hand(supply)) {
        bool usable = supply->placed && journal_is_usable(supply);
        if (!(usable && journal_next(supply, &unreadable)) && !feed_next_block(supply, usable && !unreadable))
            return false;
    }
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
    supply->place = place;
}

void supply_drain(struct supply *supply) {
    struct journal_block block;
    if ((in_hand(supply) && is_alone(supply)) || !journal_is_usable(supply)) return;
    if (in_hand(supply) && supply->fed) supply_rewind(supply, supply_place(supply)); /* it is in the journal, too */
    while (feeds_peek_block(&supply->feeds, &block.bytes, &block.len, &block.n) &&
           journal_append(supply->journal, clock_now_us(supply->clock), &block))
        feeds_drop_block(&supply->feeds);
}

void supply_discard(struct supply *supply) {
    struct journal_block block;
    supply_drain(supply);
    if (in_hand(supply) && is_alone(supply)) {
        supply->discarded += supply->block.n - supply->index;
        block_leave(supply);
    }
    for (; feeds_peek_block(&supply->feeds, &block.bytes, &block.len, &block.n); feeds_drop_block(&supply->feeds))
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
