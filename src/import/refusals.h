/* Whether most of what comes in is refused, as where a clock or a producer has gone wrong: decided generation by
 * generation, said when it begins and when it ends. */
#ifndef FLOWIMPORT_IMPORT_REFUSALS_H
#define FLOWIMPORT_IMPORT_REFUSALS_H

#include "base/show.h"
#include "import/generation.h"

enum {
    REFUSALS_AT_ONCE = 1000, /* entries of a generation, after which it is judged before its end */
    REFUSALS_FEW = 10,       /* fewer at a generation's end are judged together with the next ones */
};

struct refusals {
    bool bad;
    /* of generations that have ended and were not judged */
    uint64_t entries, refused;
    char text[400]; /* of the last one that was bad: how many, why, and what it probably means */
};

enum refusals_verdict { REFUSALS_AS_BEFORE, REFUSALS_BAD, REFUSALS_FINE };

/* The decision. `refused` counts what was rejected or too old; `ended`: these are all entries. Becomes bad where most
 * are refused, and fine where no more than a quarter is: in between it stays as it was. */
enum refusals_verdict refusals_judge(bool bad, uint64_t entries, uint64_t refused, bool ended);

/* Looks at a generation that is being filled, or has ended, and logs where the verdict changes. */
void refusals_look(struct refusals *refusals, const struct generation *generation, bool ended);
void refusals_show(const struct refusals *refusals, struct show *show);
/* Adds a line while it is bad. */
void refusals_problems(const struct refusals *refusals, struct buffer *out);

#endif
