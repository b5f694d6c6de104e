/* The API: what a path answers out of the store. Each endpoint runs in a worker thread (http/workers.h) on a read-only
 * connection of its own; parameters in, one reply out. Nothing of a request reaches SQL but as a bound value, or by way
 * of a table of names. flowimport-api(7) says what each path takes and gives. */
#ifndef FLOWIMPORT_HTTP_API_H
#define FLOWIMPORT_HTTP_API_H

#include "base/buffer.h"
#include "base/error.h"
#include "names/book.h"
#include "store/store.h"

enum {
    API_PARAMS_MAX = 32,
    API_ROWS_MAX = 100000, /* of one answer; more is 400 with the parameter that asks for it */
};

struct api_param {
    const char *name, *value; /* decoded; may hold any bytes but NUL */
};

/* "" where it is not known. */
struct api_name {
    char host[256];    /* by reverse DNS: an attacker's text */
    char network[128]; /* "AS64500 Example" */
    char country[4];   /* "DE" */
};

/* Where names come from; NULL: numbers alone. */
struct api_names {
    void *context;
    /* All of them are set. Doesn't wait; any thread. `family` is enum flow_family, the address in network order. */
    void (*find)(void *context, unsigned family, const uint8_t *address, struct api_name *name);
};

struct api_call {
    struct store *store;
    const struct schema *schema;
    const struct api_param *params; /* in the order of the request */
    unsigned n_params;
    int64_t now; /* seconds since 1970 */
    const struct api_names *names;
    const struct name_book *book; /* names of files; NULL: none */
    /* out */
    int status;       /* 200, 400, 404, 503 (the store failed, or it took too long) */
    const char *type; /* of the content; static */
    struct buffer body;
    size_t lasting; /* bytes at the body's begin that say what the answer is; behind them how long it took. 0: all */
    bool
        unchanging; /* all buckets of the answer are older than the last commit can change: it may be cached for long */
};

struct api_endpoint {
    const char *path; /* "/api/query" */
    void (*run)(struct api_call *call);
};

extern const struct api_endpoint api_endpoints[]; /* ours: api.c */
extern const unsigned api_n_endpoints;
extern const struct api_endpoint api_original_endpoints[]; /* flow-inspector's: original.c */
extern const unsigned api_n_original_endpoints;

/* What is said to those who ask when the store fails; the reason, which names accounts and paths, is in the log. */
#define API_STORE_FAILED "the store can't answer; the log of the program says why"

/* mdoc(7): the list of a path's parameters. -1: there is none. */
int api_print_manual(const char *path, struct buffer *out) __attribute__((warn_unused_result));

#endif
