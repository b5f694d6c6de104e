/* The last generations that the store has confirmed, looked for behind a new connection. */
#include "import/confirmed.h"

#include <string.h>

static enum store_status is_there(struct store *store, const struct generation_id *id, bool *found) {
    struct ledger_row row;
    struct error ignored; /* the next job says what is wrong with the store */
    return store_ledger_find(store, id, &row, found, &ignored);
}

/* Puts those that are missing into `doubt`: from the newest on, to the first that is there. A server that lags behind
 * another lacks the newest. */
static enum store_status doubt(struct confirmed *confirmed, struct store *store, int64_t now) {
    uint64_t kept = confirmed->n < CONFIRMED_MOST ? confirmed->n : CONFIRMED_MOST;
    unsigned n = 0;
    for (uint64_t i = 0; i < kept; i++) {
        const struct confirmed_generation *one = &confirmed->last[(confirmed->n - 1 - i) % CONFIRMED_MOST];
        bool found;
        enum store_status status = is_there(store, &one->id, &found);
        if (status != STORE_OK) return status;
        if (found) break;
        confirmed->doubt[n++] = *one;
    }
    confirmed->n_doubt = n;
    confirmed->doubt_at = now;
    return STORE_OK;
}

void confirmed_add(struct confirmed *confirmed, struct store *store, const struct ledger_row *ledger, int64_t now) {
    uint64_t connection = store_connections(store);
    if (confirmed->connection != connection && doubt(confirmed, store, now) == STORE_OK) {
        confirmed->connection = connection;
        confirmed->n = 0;
    }
    confirmed->last[confirmed->n++ % CONFIRMED_MOST] =
        (struct confirmed_generation){.id = ledger->id, .entries = ledger->entries};
}

int64_t confirmed_wait(const struct confirmed *confirmed, int64_t now) {
    if (confirmed->n_doubt == 0) return -1;
    int64_t wait = confirmed->doubt_at + CONFIRMED_PATIENCE - now;
    return wait < 0 || wait > CONFIRMED_PATIENCE ? 0 : wait; /* the clock may have been put back */
}

bool confirmed_look(struct confirmed *confirmed, struct store *store, int64_t now, struct confirmed_missing *missing) {
    *missing = (struct confirmed_missing){.generations = 0};
    confirmed->doubt_at = now;
    for (unsigned i = 0; i < confirmed->n_doubt; i++) {
        bool found;
        if (is_there(store, &confirmed->doubt[i].id, &found) != STORE_OK) return false;
        if (found) continue;
        missing->generations++;
        missing->entries += confirmed->doubt[i].entries;
        missing->first = confirmed->doubt[i].id;
    }
    confirmed->n_doubt = 0;
    return missing->generations > 0;
}
