/* SQL and its values, side by side. */
#include "store/query/statement.h"

#include <stdlib.h>

#include "base/mem.h"

enum { PARAMS_STEP = 64 };

void statement_bind(struct statement *statement, struct store_param param) {
    if (statement->n_params % PARAMS_STEP == 0)
        statement->params =
            mem_realloc(statement->params, statement->n_params + PARAMS_STEP, sizeof statement->params[0]);
    statement->params[statement->n_params++] = param;
}

enum store_status statement_run(const struct statement *statement, struct store *store, store_row_fn *row,
                                void *context, struct error *error) {
    return store_query(store, statement->sql.data, statement->params, statement->n_params, row, context, error);
}

void statement_release(struct statement *statement) {
    buffer_release(&statement->sql);
    free(statement->params);
    statement->params = NULL;
    statement->n_params = 0;
}
