/* What MySQL's store holds: its connection, and the rows that wait for it. Types alone. */
#ifndef FLOWIMPORT_STORE_MYSQL_MYSQL_STORE_H
#define FLOWIMPORT_STORE_MYSQL_MYSQL_STORE_H

#include <mysql.h>
#include <pthread.h>

#include "base/url.h"
#include "store/mysql/partition.h"
#include "store/store_ops.h"

enum {
    MYSQL_CHUNK_ROWS = 2000,    /* rows of one statement, at most */
    MYSQL_CHUNK_BYTES = 262144, /* of the staged rows; measured: 500 to 20,000 five-tuple rows make no difference */
    MYSQL_VALUES_MAX = SCHEMA_KEYS_MAX + SCHEMA_VALUES_MAX,
    MYSQL_PARAMS = 4500, /* of a statement that names many rows, at most, at 112 bytes each in the client; measured: 100
                            five-tuple rows are slower, 2,000 no faster than 500 */
};

struct mysql_table {          /* what the connection knows of a table */
    struct buffer head, tail; /* of the statement: before and behind the row or rows; empty until the first row */
    MYSQL_STMT *statement;    /* of one row, for array binding; else of a chunk */
    bool is_text;             /* neither: the packet is too small, or the server prepares nothing */
    size_t stride;            /* bytes of a staged row */
    unsigned chunk;           /* rows of one statement */
    uint16_t slots[MYSQL_VALUES_MAX]; /* where in a staged row each value stands, see write.c */
    bool is_plain;                    /* not partitioned */
    struct partition_set days;        /* that have a partition */
};

struct mysql_host {
    char *name;    /* NULL: the option file's, or localhost */
    unsigned port; /* 0: through the socket */
};

enum mysql_tls { /* each asks for more than the one before */
                 MYSQL_TLS_OFF,
                 MYSQL_TLS_PREFERRED, /* where the server offers it */
                 MYSQL_TLS_REQUIRED,
                 MYSQL_TLS_CA,     /* and a certificate of a known authority */
                 MYSQL_TLS_VERIFY, /* and of the server's name */
};

struct mysql_login {
    enum mysql_tls tls;
    char *ca, *cert, *key; /* paths, or NULL */
    bool get_key;          /* without TLS, the password is encrypted with a key that the server sends */
};

enum { MYSQL_SETUP_TEXT = 64 };

struct mysql_setup { /* of setup_lock.c */
    unsigned long connection;
    char holder[MYSQL_SETUP_TEXT];
    unsigned written;
};

struct mysql_store {
    struct store base;
    struct mysql_host hosts[URL_HOSTS_MAX];
    unsigned n_hosts;                          /* at least one */
    unsigned host, last_host;                  /* whose turn it is; to which the last connection was */
    char *user, *password, *database, *socket; /* NULL: not given */
    struct mysql_login login;
    struct mysql_setup setup;
    bool bulk_wanted;
    int64_t query_ms; /* what a query may take; 0: no bound */
    MYSQL *mysql;     /* NULL: not connected */
    pthread_mutex_t socket_lock;
    int socket_fd;              /* of `mysql`, for cancel.c; guarded by the lock */
    bool bulk;                  /* array binding is wanted, and there on both sides */
    size_t packet;              /* bytes of a statement, at most */
    bool in_generation;         /* a transaction is under way, and nothing commits by itself */
    bool is_denied;             /* the last error was of a missing privilege */
    bool is_read_only;          /* the server takes no writes */
    bool is_galera;             /* it is a node of a cluster */
    bool is_statement_binlog;   /* the server's binlog_format allows no READ COMMITTED */
    struct mysql_table *tables; /* by the table's number */
    const struct table *narrow; /* NULL, or which has columns that hold too little */
    const struct table *staged; /* whose rows wait in `rows` */
    unsigned n_rows;
    uint8_t *rows; /* MYSQL_CHUNK_BYTES, which no row is longer than; never moved, for statements are bound to it */
};

static inline struct mysql_store *mysql_own(struct store *store) { return (struct mysql_store *)(void *)store; }

#endif
