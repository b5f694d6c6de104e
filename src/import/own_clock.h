/* Whether this host's clock is plainly wrong, as of a machine that boots in 1970: then entries wait in the queue, where
 * they would else be refused as flows from the future. */
#ifndef FLOWIMPORT_IMPORT_OWN_CLOCK_H
#define FLOWIMPORT_IMPORT_OWN_CLOCK_H

#include <stdint.h>

#include "base/buffer.h"

enum own_clock { OWN_CLOCK_RIGHT, OWN_CLOCK_BEFORE_BUILD, OWN_CLOCK_BEFORE_COMMIT };

enum {
    OWN_CLOCK_SLACK = 86400,                     /* seconds by which a clock may be behind */
    OWN_CLOCK_LIFE = 10 * 365 * OWN_CLOCK_SLACK, /* commits later than that after the build say nothing */
};

/* When the program was built, or its sources were last changed; seconds since the epoch. */
int64_t own_clock_built(void);
/* The decision. `last_commit`: the newest of the ledger; 0: none. One that can't be true is ignored: it would stop
 * every importer because one host's clock was ahead once. */
enum own_clock own_clock_judge(int64_t now, int64_t built, int64_t last_commit) __attribute__((warn_unused_result));
/* Appends what is wrong, for a person. */
void own_clock_tell(enum own_clock verdict, int64_t now, int64_t built, int64_t last_commit, struct buffer *out);

#endif
