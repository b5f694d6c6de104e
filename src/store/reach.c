/* How far a source's generations reach, by the ledger. */
#include <stdlib.h>

#include "store/store.h"

struct reach {
    int64_t position;
    bool found;
};

static int position_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct reach *reach = context;
    (void)n, (void)lengths;
    reach->found = columns[0] != NULL;
    if (reach->found) reach->position = strtoll(columns[0], NULL, 10);
    return 0;
}

enum store_status store_ledger_reach(struct store *store, const char *consumer, int64_t claim, int64_t *position,
                                     bool *found, struct error *error) {
    const struct store_param params[] = {store_text(consumer), store_integer(claim)};
    struct reach reach = {.found = false};
    enum store_status status =
        store_query(store, "SELECT MAX(position) FROM import_ledger WHERE consumer = ? AND claim = ?", params, 2,
                    position_read, &reach, error);
    *position = reach.position;
    *found = reach.found;
    return status;
}
