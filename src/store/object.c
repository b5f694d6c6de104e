/* One table or view of the schema is made: by setup.c where it is missing, by strict.c and views.c anew. */
#include "store/object.h"

#include <string.h>

#include "store/ddl.h"

/* Runs statements that end with ";\n", the last one without. */
static enum store_status statements_run(struct store *store, char *sql, struct error *error) {
    enum store_status status = STORE_OK;
    for (char *next; sql && status == STORE_OK; sql = next) {
        next = strstr(sql, ";\n");
        if (next) {
            *next = '\0';
            next += 2;
        }
        status = store->ops->query(store, sql, NULL, 0, NULL, NULL, error);
    }
    return status;
}

enum store_status object_create(struct store *store, unsigned object, struct error *error) {
    struct buffer sql = BUFFER_INIT;
    ddl_create(store->schema, object, store->ops->dialect, &sql);
    enum store_status status = statements_run(store, sql.data, error);
    buffer_release(&sql);
    return status;
}
