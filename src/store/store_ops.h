/* What a kind of store has to do; store.c does the rest for all of them: the sticky error, the ledger. Types alone. */
#ifndef FLOWIMPORT_STORE_STORE_OPS_H
#define FLOWIMPORT_STORE_STORE_OPS_H

#include <stdatomic.h>

#include "base/url.h"
#include "store/store.h"

/* Every call that returns a status fills the error (without the store's name) on anything but STORE_OK. */
enum setup_step { SETUP_TAKE, SETUP_HOLD, SETUP_RELEASE };

struct store_ops {
    enum dialect dialect;
    /* As store_url_check. `open` is called with what it has accepted. */
    int (*check)(const struct store_config *config, const struct url *url, struct error *error);
    /* *store is set on STORE_OK alone: a struct that begins with a struct store, whose fields store_open fills in
     * afterwards. */
    enum store_status (*open)(struct store **store, const struct store_config *config, const struct url *url,
                              const struct schema *schema, struct error *error);
    void (*close)(struct store *store);
    /* Starts the ledger row's transaction; MySQL first makes the partitions for the buckets, and room for sums that
     * have outgrown their columns. */
    enum store_status (*begin)(struct store *store, const struct ledger_row *ledger, const uint32_t *buckets,
                               unsigned n, struct error *error);
    /* `table` is one of the schema's. */
    enum store_status (*put)(struct store *store, const struct table *table, const uint8_t *key, const uint64_t *values,
                             struct error *error);
    /* What waits to be written is written. NULL: nothing ever waits. */
    enum store_status (*send)(struct store *store, struct error *error);
    enum store_status (*commit)(struct store *store, struct error *error);
    /* Ends the transaction under way, if any, whatever state the connection is in. */
    void (*rollback)(struct store *store);
    /* As store_query; STORE_TAKEN for an INSERT whose primary key is there already. */
    enum store_status (*query)(struct store *store, const char *sql, const struct store_param *params,
                               unsigned n_params, store_row_fn *row, void *context, struct error *error);
    /* Bytes of a value of a query, at most. NULL: any number. */
    size_t (*value_most)(const struct store *store);
    /* From any thread, with `cancelled` set: wakes a query that waits. NULL: it looks itself. */
    void (*cancel)(struct store *store);
    /* Where tables are created one statement at a time: so that one program does it at a time. Waits to take it for as
     * long as another does; before each table asks whether it is still held: STORE_RETRY where not. Released after
     * success; a connection that ends or a program that is killed gives it up, at once or after a minute. NULL: it is
     * all done in one transaction. */
    enum store_status (*setup)(struct store *store, enum setup_step step, struct error *error);
    /* As store_idle. NULL: there is nothing to do. */
    void (*idle)(struct store *store);
    /* Bytes that a log of the kind's takes beside the tables, up to what it may take by itself: what a reader makes it
     * grow beyond no dropped row would shrink. NULL: 0. */
    uint64_t (*log_bytes)(struct store *store);
};

struct store {
    const struct store_ops *ops;
    const struct schema *schema;
    char *name;
    const atomic_bool *ending; /* as in store_config */
    bool read_only;
    bool is_upgrade;          /* as in store_config */
    bool is_head;             /* known once it is set up */
    bool begun;               /* between begin and commit */
    enum store_status status; /* of the transaction so far; sticky */
    struct error error;
    uint64_t rows;         /* put in this transaction */
    uint64_t connections;  /* counted by the kind */
    atomic_bool cancelled; /* queries end, see store_cancel */
};

/* The place of a table in its schema: where a store keeps what it knows of it. */
static inline unsigned table_number(const struct schema *schema, const struct table *table) {
    return (unsigned)(table - schema->tables);
}

#endif
