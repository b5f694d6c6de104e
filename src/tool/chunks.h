/* A long source into the store, generation by generation, on an event loop of its own; a run that is cut off goes on
 * where it was. */
#ifndef FLOWIMPORT_TOOL_CHUNKS_H
#define FLOWIMPORT_TOOL_CHUNKS_H

#include "import/committer.h"
#include "tool/command.h"

struct chunks {
    const char *source; /* for messages */
    struct folder *folder;
    struct generation *folding;
    struct ledger_row sum; /* of what this run has committed: the counts */
    uint64_t rejected;     /* of all that was handed over */
    /* its own */
    struct importer_config config; /* with the rules of this source */
    struct event_base *base;
    struct committer *committer;
    struct generation_id id; /* of the one being filled */
    struct ledger_row last;  /* committed: how far it reaches; the id that of the first one, if there is none yet */
    bool too_large;          /* the store found a generation so: chunks_again() */
    char why[ERROR_TEXT_MAX];
    int code; /* EXIT_DONE, or what it has failed with; that has been said */
};

struct chunks_progress { /* of earlier runs, by the ledger */
    bool found;
    int64_t generation, claim, position; /* of the last one */
    int64_t entries;                     /* of all */
};

/* Each of these returns an exit code; what is wrong has been said. */
int chunks_find(struct store *store, const char *consumer, struct chunks_progress *progress);
/* Writes the generation being filled, with how far it reaches into the source, and begins the next. */
int chunks_write(struct chunks *chunks, int64_t claim, int64_t position);
/* Counts a record that is no entry, in the generation being filled. */
void chunks_refuse(struct chunks *chunks, enum reject_reason reason);
/* Waits until all is written. */
int chunks_end(struct chunks *chunks);

/* Most entries of the generation being filled: the source ends it then. */
uint64_t chunks_entries_max(const struct chunks *chunks);
/* After chunks->too_large: what is not committed is dropped, and is to be read again from chunks->last.claim and
 * .position on. */
void chunks_again(struct chunks *chunks);

/* All but the id and the rules is borrowed. `first`: the name of the first generation, claim and position: where it
 * begins. The generations take cache_memory together. Waits until the store has answered. */
int chunks_open(struct chunks *chunks, const struct command_call *call, const struct schema *schema,
                const struct check_rules *rules, const struct ledger_row *first, const char *source);
void chunks_close(struct chunks *chunks);

#endif
