/* From the cached rows of a generation to the rows of every table: added up, sorted, in the order that locks least. */
#ifndef FLOWIMPORT_IMPORT_FLUSH_H
#define FLOWIMPORT_IMPORT_FLUSH_H

#include "import/cache.h"
#include "import/losses.h"
#include "store/places.h"
#include "store/store.h"

/* Writes the cache as one transaction with its ledger row, whose first_bucket and last_bucket it fills in, the losses
 * (NULL: none) and the places of its entries (NULL: none; they are sorted). First the rows that belong to this
 * generation's flows, each table in primary-key order; last those that every consumer touches (totals, all time).
 * Nothing of the generation is changed: after a failure the same call tries again. */
enum store_status flush_cache(struct cache *cache, const struct losses *losses, struct places *places,
                              const struct flow_layout *layout, const struct schema *schema, struct store *store,
                              struct ledger_row *ledger, struct error *error) __attribute__((warn_unused_result));

#endif
