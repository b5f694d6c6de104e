/* One entry into a generation: decode, check, slice, add. The hot path between the reply buffer and the cache. */
#ifndef FLOWIMPORT_IMPORT_FOLD_H
#define FLOWIMPORT_IMPORT_FOLD_H

#include "flow/entry.h"
#include "import/check.h"
#include "import/generation.h"

struct folder {
    const struct flow_layout *layout;
    struct check_rules rules;
    struct entry_decoder *decoder; /* owned */
};

enum fold_verdict {
    FOLD_TAKEN, /* counted in the generation: imported, too old, or rejected */
    FOLD_FULL,  /* nothing happened: write the generation, and fold the entry into the next */
    FOLD_END,   /* the bare word END: not an entry */
};

void folder_init(struct folder *folder, const struct flow_layout *layout, const struct check_rules *rules);
void folder_release(struct folder *folder);
/* `now`: the time of the entry's claim, in seconds; every decision by the time is made against it. Of a text of more
 * than ENTRY_BYTES_MAX bytes no more than its head is read. */
enum fold_verdict fold_entry(struct folder *folder, struct generation *generation, int64_t now, const char *text,
                             size_t len);

/* The same of an entry that is read already: n flows, of one entry. */
enum fold_verdict fold_flows(struct folder *folder, struct generation *generation, int64_t now,
                             struct flow_record *records, unsigned n);

/* The same of a row of another importer's table: `flows` whole flows (at most UINT32_MAX), all in the bucket in which
 * the record starts and ends. max_flow_age must be 0. FOLD_TAKEN or FOLD_FULL; where ledger.rejected has grown, *reject
 * says why. */
enum fold_verdict fold_row(struct folder *folder, struct generation *generation, int64_t now,
                           struct flow_record *record, uint64_t flows, struct reject *reject);

#endif
