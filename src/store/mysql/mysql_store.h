/* What MySQL's store holds: its connection, and the rows that wait for it. Types alone. */
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
    uint16_t slots[MYSQL_VALUES_MAX]; /* where in a staged row each value stands, see write.c */
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
    int socket_fd;              /* of `mysql`, for cancel.c; guarded by the lock */
    bool bulk;                  /* array binding is wanted, and there on both sides */
    size_t packet;              /* bytes of a statement, at most */
    bool in_generation;         /* a transaction is under way, and nothing commits by itself */
    bool is_statement_binlog;   /* the server's binlog_format allows no READ COMMITTED */
    struct mysql_table *tables; /* by the table's number */
    const struct table *narrow; /* NULL, or which has columns that hold too little */
    const struct table *staged; /* whose rows wait in `rows` */
    unsigned n_rows;
    uint8_t *rows; /* MYSQL_CHUNK_BYTES, or one row where it is longer */
    size_t rows_size;
};

static inline struct mysql_store *mysql_own(struct store *store) { return (struct mysql_store *)(void *)store; }

#endif
