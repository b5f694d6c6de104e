/* Sequence numbers of export messages: what is missing between them. Pure: numbers in, loss out, times are handed in.
 *
 * A number counts units, modulo 2^32: flows in NetFlow v5 and v7, messages in v9 (RFC 3954, 5.1) and sFlow, data
 * records in IPFIX (RFC 7011, 3.1). It is that of the message's first unit. (Some exporters of IPFIX, softflowd for
 * one, send that behind its last; who does is found out by three messages in a row that go on that way alone, and the
 * gaps until then are forgotten.)
 *
 * A number ahead of the expected one leaves a gap; late messages fill gaps, until they are settled. A message that
 * begins before the expected number and goes on behind it is in order: its exporter leaves records out of its count
 * (softflowd those of options).
 *
 * What is believed, for anybody can send a number:
 *   - A gap of up to SEQUENCE_WINDOW units, at once; but all gaps of one second together only up to what is allowed for
 *     it, as told next: each datagram of a stranger could claim as many. More counts when the second is over, as far as
 *     all that came in it allows.
 *   - A larger one, where the time since the last message allows for it: so many units for each second of it, begun
 *     ones too, or SEQUENCE_FASTER times those of the fastest second seen; and where the next message goes on from
 *     there. More counts when the second is over, if all that came in it allows the whole of it.
 *   - Anything else ahead is a restart of the exporter, whose number then can be any: no loss. So is 0, which every
 *     exporter begins with, unless the expected number was so near to its end that a gap of SEQUENCE_WINDOW reaches 0.
 *   - A number that is behind by more than SEQUENCE_WINDOW, or the third in a row that is behind, fills no gap and goes
 *     on from the one before, is a restart: no loss. */
#ifndef FLOWIMPORT_COLLECT_SEQUENCE_H
#define FLOWIMPORT_COLLECT_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SEQUENCE_GAPS = 8, /* open at a time; the oldest is settled early where more are needed */
    SEQUENCE_WINDOW = 65536,
    SEQUENCE_FASTER = 32, /* an exporter may lose so many times what comes */
};

struct lost_span { /* an amount of loss, and when: seconds since 1970, both inclusive */
    uint64_t n;
    uint32_t start, end;
};

struct sequence {
    bool known;    /* a message was there */
    bool unsure;   /* the expected number is known to be no less than `next` */
    bool behind;   /* numbers are those behind the message's last unit */
    uint8_t votes; /* messages in a row that speak for the other way */
    uint8_t streak;
    uint8_t n_gaps;
    uint32_t next;      /* expected */
    uint32_t late_next; /* behind the last late message */
    uint32_t last;      /* time of the message before that */
    bool whole;         /* with the number and units of the message that came last */
    uint32_t number, units;
    uint32_t second; /* of the last message, with the units that came in it; and the most that came in one */
    uint32_t in_second, fastest;
    uint32_t missing_in_second; /* units of the gaps that were found in it */
    uint32_t beyond;            /* units missing in it that it has not allowed so far, in gaps up to SEQUENCE_WINDOW */
    uint32_t beyond_large;      /* the same in larger ones */
    uint32_t doubt,
        n_doubted;        /* units missing, if the next message goes on behind them; n_doubted 0: none are in doubt */
    bool doubt_is_beyond; /* they are no gap, but may come to `beyond_large` */
    struct sequence_gap {
        uint32_t first, n;   /* units missing */
        uint32_t start, end; /* times of the messages before and behind it */
    } gaps[SEQUENCE_GAPS];   /* in order of `end` */
    struct lost_span lost;   /* settled; the caller's to take */
};

void lost_span_add(struct lost_span *span, uint64_t n, uint32_t start, uint32_t end);

/* The most units that may be missing between the last message and one that comes now, with those that are missing in
 * this second already. */
uint64_t sequence_allowed(const struct sequence *sequence, uint32_t now);
/* `whole`: the message holds just these units; else at least so many. */
void sequence_message(struct sequence *sequence, uint32_t number, uint32_t units, bool whole, uint32_t now);
/* The exporter has started anew: the next number is not expected to be any. */
void sequence_restart(struct sequence *sequence);
/* Gaps found before `until` are lost, unless they are doubtful still. */
void sequence_settle(struct sequence *sequence, uint32_t until);

#endif
