/* The MySQL store's parts: the connection, and how a chunk of rows gets through it. */
#ifndef FLOWIMPORT_STORE_MYSQL_MYSQL_STORE_H
#define FLOWIMPORT_STORE_MYSQL_MYSQL_STORE_H

#include <mysql.h>
#include <pthread.h>

#include "store/mysql/partition.h"
#include "store/store_ops.h"

enum {
    MYSQL_CHUNK_ROWS = 2000,    /* rows of one statement, at most */
    MYSQL_CHUNK_BYTES = 262144, /* of the staged rows; measured: 500 to 20,000 five-tuple rows make no difference */
    MYSQL_VALUES_MAX = SCHEMA_KEYS_MAX + SCHEMA_VALUES_MAX,
};

struct mysql_table {          /* what the connection knows of a table */
    struct buffer head, tail; /* of the statement: before and behind the row or rows; empty until the first row */
    MYSQL_STMT *statement;    /* array binding alone */
    size_t stride;            /* bytes of a staged row */
    unsigned chunk;           /* rows of one statement */
    uint16_t slots[MYSQL_VALUES_MAX]; /* where in a staged row each value stands, see mysql_write.c */
    bool is_plain;                    /* not partitioned */
    struct partition_set days;        /* that have a partition */
};

struct mysql_store {
    struct store base;
    char *host, *user, *password, *database, *socket; /* NULL: not given */
    char *tls_ca, *tls_cert, *tls_key;
    unsigned port;
    bool tls_required, tls_verify, bulk_wanted;
    int64_t query_ms; /* what a query may take; 0: no bound */
    MYSQL *mysql;     /* NULL: not connected */
    pthread_mutex_t socket_lock;
    int socket_fd;              /* of `mysql`, for mysql_cancel.c; guarded by the lock */
    bool bulk;                  /* array binding is wanted, and there on both sides */
    size_t packet;              /* bytes of a statement, at most */
    bool is_statement_binlog;   /* the server's binlog_format allows no READ COMMITTED */
    struct mysql_table *tables; /* by the table's number */
    const struct table *staged; /* whose rows wait in `rows` */
    unsigned n_rows;
    uint8_t *rows; /* MYSQL_CHUNK_BYTES, or one row where it is longer */
    size_t rows_size;
};

static inline struct mysql_store *mysql_own(struct store *store) { return (struct mysql_store *)(void *)store; }

/* mysql.c */
/* What the connection's last error means; sets the text, "WHAT: …". Gives up a connection that is lost. */
enum store_status mysql_failed(struct mysql_store *store, const char *what, struct error *error);
enum store_status mysql_run(struct mysql_store *store, const char *sql, size_t len, const char *what,
                            struct error *error);
enum store_status mysql_status(unsigned code, const char *sqlstate);
void mysql_disconnect(struct mysql_store *store);
/* A connection that answers. */
enum store_status mysql_ensure(struct mysql_store *store, struct error *error);
enum store_status mysql_store_query(struct store *store, const char *sql, const struct store_param *params,
                                    unsigned n_params, store_row_fn *row, void *context, struct error *error);

/* mysql_cancel.c */
void mysql_cancel_init(struct mysql_store *store);
void mysql_cancel_release(struct mysql_store *store);
void mysql_cancel_arm(struct mysql_store *store); /* the connection is there */
void mysql_cancel_disarm(struct mysql_store *store);
void mysql_store_cancel(struct store *store);
/* After a query that was cancelled on this connection of the server's. */
void mysql_cancel_finish(struct mysql_store *store, unsigned long connection);
/* Has the server end queries that take longer than query_ms. */
enum store_status mysql_time_limit(struct mysql_store *store, struct error *error);

/* mysql_write.c */
enum store_status mysql_store_begin(struct store *store, const uint32_t *buckets, unsigned n, struct error *error);
enum store_status mysql_store_put(struct store *store, const struct table *table, const uint8_t *key,
                                  const uint64_t *values, struct error *error);
enum store_status mysql_store_commit(struct store *store, struct error *error);
void mysql_store_rollback(struct store *store);

/* mysql_bulk.c and mysql_text.c: the staged rows in one statement. */
bool mysql_bulk_supported(MYSQL *mysql);
enum store_status mysql_bulk_write(struct mysql_store *store, struct error *error);
enum store_status mysql_text_write(struct mysql_store *store, struct error *error);

/* mysql_partition.c: every table gets the partitions that rows of these buckets fall into. */
enum store_status mysql_partition_ensure(struct mysql_store *store, const uint32_t *buckets, unsigned n,
                                         struct error *error);

#endif
