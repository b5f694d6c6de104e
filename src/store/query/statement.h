/* A statement of SQL under construction, with the values for its question marks. */
#ifndef FLOWIMPORT_STORE_QUERY_STATEMENT_H
#define FLOWIMPORT_STORE_QUERY_STATEMENT_H

#include "base/buffer.h"
#include "store/store.h"

struct statement {
    struct buffer sql;
    struct store_param *params; /* their bytes are borrowed */
    unsigned n_params;
};

#define STATEMENT_INIT {BUFFER_INIT, NULL, 0}

/* The value of the next '?'. */
void statement_bind(struct statement *statement, struct store_param param);
/* As store_query. */
enum store_status statement_run(const struct statement *statement, struct store *store, store_row_fn *row,
                                void *context, struct error *error) __attribute__((warn_unused_result));
void statement_release(struct statement *statement);

#endif
