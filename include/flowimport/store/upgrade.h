/* A store gets other roll-ups than it was made with: new ones are made and filled from the flows that are there, others
 * are dropped. Importers may run meanwhile:
 *
 * 1. The tables are made, and the store says that it has the roll-ups. From then on a generation of an importer that
 *    does not write them is refused: it waits, whole, for the importer to be restarted with the new configuration.
 * 2. Day by day, from the last to the first, a transaction replaces the day's rows by what the flows tables say, and
 *    says in rollup_KEYS_S_from that the roll-up is whole from that day on. In SQLite nobody else writes meanwhile; in
 *    MySQL the flows that are read stay locked, and a row that an importer has added first makes the day start anew. So
 *    no flow is counted twice or not at all, and a run that is broken off is continued by the next.
 *
 * A roll-up reaches back as far as the flows of a bucket size that divides its own. */
#ifndef FLOWIMPORT_STORE_UPGRADE_H
#define FLOWIMPORT_STORE_UPGRADE_H

#include "store/store.h"

/* After each day; `name`: the roll-up's table. */
typedef void upgrade_fn(void *context, const char *name, uint32_t day, unsigned left);

struct upgrade_result {
    unsigned filled, dropped; /* roll-ups */
    uint64_t days;            /* of all roll-ups */
};

/* Of a store that was opened with `upgrade`. `now`: for partitions. */
enum store_status upgrade_run(struct store *store, const struct schema *schema, int64_t now, upgrade_fn *each,
                              void *context, struct upgrade_result *result, struct error *error)
    __attribute__((warn_unused_result));

#endif
