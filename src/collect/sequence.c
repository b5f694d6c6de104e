/* Gaps between sequence numbers: found, filled by late messages, settled. */
#include "collect/sequence.h"

#include <string.h>

enum { VOTES = 3, STREAK = 3 };

void lost_span_add(struct lost_span *span, uint64_t n, uint32_t start, uint32_t end) {
    if (n == 0) return;
    if (span->n == 0 || start < span->start) span->start = start;
    if (span->n == 0 || end > span->end) span->end = end;
    span->n += n;
}

static void gap_remove(struct sequence *sequence, unsigned i) {
    sequence->n_gaps--;
    memmove(&sequence->gaps[i], &sequence->gaps[i + 1], (sequence->n_gaps - i) * sizeof sequence->gaps[0]);
}

static bool is_doubted(const struct sequence *sequence, const struct sequence_gap *gap) {
    return !sequence->doubt_is_beyond && gap->first - sequence->doubt < sequence->n_doubted;
}

static void gap_settle(struct sequence *sequence, unsigned i) {
    const struct sequence_gap *gap = &sequence->gaps[i];
    if (!is_doubted(sequence, gap)) lost_span_add(&sequence->lost, gap->n, gap->start, gap->end);
    gap_remove(sequence, i);
}

/* `at`: the place in the order of `end`. */
static void gap_insert(struct sequence *sequence, unsigned at, struct sequence_gap gap) {
    if (sequence->n_gaps == SEQUENCE_GAPS) {
        gap_settle(sequence, 0);
        if (at > 0) at--;
    }
    memmove(&sequence->gaps[at + 1], &sequence->gaps[at], (sequence->n_gaps - at) * sizeof sequence->gaps[0]);
    sequence->gaps[at] = gap;
    sequence->n_gaps++;
}

static void doubt_begin(struct sequence *sequence, uint32_t n, bool is_beyond) {
    sequence->doubt = sequence->next;
    sequence->n_doubted = n;
    sequence->doubt_is_beyond = is_beyond;
}

static uint32_t sum32(uint32_t a, uint32_t b) { return b < UINT32_MAX - a ? a + b : UINT32_MAX; }

/* A clock may be set back between two messages. */
static void gap_open(struct sequence *sequence, uint32_t n, uint32_t now) {
    uint32_t start = sequence->last < now ? sequence->last : now;
    gap_insert(sequence, sequence->n_gaps, (struct sequence_gap){sequence->next, n, start, now});
    sequence->missing_in_second += n;
    if (n > SEQUENCE_WINDOW) doubt_begin(sequence, n, false);
}

/* The next message behind a gap in doubt: it goes on from there, or it is a late one, or the gap was none. */
static void doubt_settle(struct sequence *sequence, uint32_t ahead) {
    if (sequence->n_doubted == 0) return;
    bool goes_on = ahead <= SEQUENCE_WINDOW, is_late = -ahead <= SEQUENCE_WINDOW;
    if (!goes_on && is_late) return;
    if (goes_on && sequence->doubt_is_beyond)
        sequence->beyond_large = sum32(sequence->beyond_large, sequence->n_doubted);
    for (unsigned i = sequence->n_gaps; !goes_on && i-- > 0;)
        if (is_doubted(sequence, &sequence->gaps[i])) gap_remove(sequence, i);
    sequence->n_doubted = 0;
}

/* Units [first, first + units) are there after all. Whether any of them was missing. */
static bool gaps_fill(struct sequence *sequence, uint32_t first, uint32_t units) {
    for (unsigned i = sequence->n_gaps; i-- > 0;) {
        struct sequence_gap *gap = &sequence->gaps[i];
        uint32_t before = first - gap->first; /* of the gap, in front of the message */
        if (before >= gap->n) continue;
        uint32_t there = units < gap->n - before ? units : gap->n - before;
        struct sequence_gap behind = *gap;
        behind.first = first + there;
        behind.n = gap->n - before - there;
        gap->n = before;
        if (behind.n > 0 && before > 0)
            gap_insert(sequence, i + 1, behind);
        else if (behind.n > 0)
            *gap = behind;
        else if (before == 0)
            gap_remove(sequence, i);
        return true;
    }
    return false;
}

/* Which of the two ways of numbering goes on from the last message that came, where only one of them does. */
static void vote(struct sequence *sequence, uint32_t number, uint32_t units) {
    bool front = number == sequence->number + sequence->units, behind = number == sequence->number + units;
    if (front == behind) {
        if (!front) sequence->votes = 0;
    } else if (behind == sequence->behind) {
        sequence->votes = 0;
    } else if (++sequence->votes == VOTES) {
        sequence->behind = behind;
        sequence->votes = sequence->n_gaps = 0; /* they were none */
        sequence->n_doubted = 0;
        sequence->next = behind ? number - units : number;
    }
}

/* Whether a message that is late in fact is the third of a new start. */
static bool late(struct sequence *sequence, uint32_t first, uint32_t units) {
    if (gaps_fill(sequence, first, units)) return false;
    sequence->streak = sequence->streak > 0 && first == sequence->late_next ? (uint8_t)(sequence->streak + 1) : 1;
    sequence->late_next = first + units;
    return sequence->streak == STREAK;
}

/* At the end of a second, which has more messages than when it was asked. */
static void beyond_settle(struct sequence *sequence) {
    uint64_t allowed = sequence_allowed(sequence, sequence->last), missing = sequence->missing_in_second;
    uint64_t rest = allowed > missing ? allowed - missing : 0;
    uint64_t n = sequence->beyond < rest ? sequence->beyond : rest;
    if (sequence->beyond_large <= rest - n) n += sequence->beyond_large;
    lost_span_add(&sequence->lost, n, sequence->second, sequence->second);
    sequence->beyond = sequence->beyond_large = 0;
}

static void pace_learn(struct sequence *sequence, uint32_t units, uint32_t now) {
    if (now != sequence->second) {
        beyond_settle(sequence);
        sequence->in_second = sequence->missing_in_second = 0;
    }
    sequence->second = now;
    sequence->in_second = sum32(sequence->in_second, units);
    if (sequence->in_second > sequence->fastest) sequence->fastest = sequence->in_second;
}

uint64_t sequence_allowed(const struct sequence *sequence, uint32_t now) {
    uint64_t seconds = now > sequence->last ? now - sequence->last : 0,
             pace = (uint64_t)SEQUENCE_FASTER * sequence->fastest;
    if (pace < SEQUENCE_WINDOW) pace = SEQUENCE_WINDOW;
    if (pace > INT32_MAX) pace = INT32_MAX;
    uint64_t allowed = pace * (seconds + 1);
    return allowed < INT32_MAX ? allowed : INT32_MAX;
}

void sequence_message(struct sequence *sequence, uint32_t number, uint32_t units, bool whole, uint32_t now) {
    if (sequence->known && sequence->whole && whole) vote(sequence, number, units);
    sequence->number = number;
    sequence->units = units;
    sequence->whole = whole;
    uint32_t first = sequence->behind ? number - units : number, ahead = first - sequence->next;
    bool is_ahead = sequence->known && ahead > 0 && ahead <= INT32_MAX && !sequence->unsure;
    if (sequence->known) doubt_settle(sequence, ahead);
    uint64_t allowed = sequence_allowed(sequence, now);
    pace_learn(sequence, units, now);
    if (is_ahead && (first != 0 || ahead <= SEQUENCE_WINDOW) &&
        (uint64_t)ahead + sequence->missing_in_second <= allowed)
        gap_open(sequence, ahead, now);
    else if (is_ahead && ahead <= SEQUENCE_WINDOW)
        sequence->beyond = sum32(sequence->beyond, ahead);
    else if (is_ahead && first != 0)
        doubt_begin(sequence, ahead, true);
    else if (sequence->known && -ahead - 1 < SEQUENCE_WINDOW && -ahead >= units && !late(sequence, first, units))
        return;
    sequence->known = true;
    sequence->unsure = !whole;
    sequence->streak = 0;
    sequence->next = first + units;
    sequence->last = now;
}

void sequence_restart(struct sequence *sequence) {
    sequence->known = false;
    sequence->votes = sequence->streak = 0;
}

void sequence_settle(struct sequence *sequence, uint32_t until) {
    while (sequence->n_gaps > 0 && sequence->gaps[0].end < until)
        gap_settle(sequence, 0);
    if (sequence->second < until) beyond_settle(sequence);
}
