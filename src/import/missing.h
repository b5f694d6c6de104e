/* Entries that Redis has lost: taken, and so counted by the queue, but in no claim any more and in no generation. An
 * evicted or deleted claim leaves such places behind; Redis that went back in time does not, for its count goes back,
 * too, and what was pushed since nobody has counted.
 *
 * Each importer looks at its connect and then every consumer_timeout, at the places that nobody has looked at before;
 * Redis keeps how far that is. What the store lacks may be on its way to it still, where several servers make a store:
 * so it is believed when it is lacking in two looks. Then it is told once, by an entry of the queue (flow/lost.h). */
#ifndef FLOWIMPORT_IMPORT_MISSING_H
#define FLOWIMPORT_IMPORT_MISSING_H

#include "base/show.h"
#include "import/writer.h"
#include "queue/consumer.h"

enum {
    MISSING_MOST = 1 << 24, /* places of a look */
    MISSING_SHOWN = 3600,   /* seconds that a problem is shown for after it was found */
};

struct missing {                 /* begins as {0} */
    struct consumer_count count; /* of the look under way */
    struct places_gap first;     /* of a first look that found some missing; to = 0: none */
    uint64_t telling;            /* lost, as the look under way has found */
    uint64_t lost;               /* told since the start */
    int64_t lost_at;             /* when the last of them were; 0: never */
    int64_t again;               /* entries that were counted and stand on the queue again: how far Redis went back */
    int64_t again_at;
};

enum missing_next {
    MISSING_NOTHING,
    MISSING_ASK,  /* the store, for `gap` */
    MISSING_TELL, /* Redis: consumer_looked() with missing->count, `back` of those given back, and missing->telling */
};

/* The queue has been asked. */
enum missing_next missing_counted(struct missing *missing, const struct consumer_count *count, struct places_gap *gap);
/* The store has been asked. */
enum missing_next missing_answered(struct missing *missing, const struct places_gap *gap, int64_t *back);
/* Redis has been told; the first to do so says it. */
void missing_told(struct missing *missing, int64_t now, const char *queue);
/* Redis has gone back in time: its count, by so many entries that the store has. */
void missing_went_back(struct missing *missing, int64_t n, int64_t now);

void missing_show(const struct missing *missing, struct show *show);
void missing_problems(const struct missing *missing, int64_t now, struct buffer *out);

#endif
