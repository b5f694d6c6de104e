/* The statements that make a reading head over several stores: its servers, its tables, its views. */
#include "store/head.h"

#include <string.h>

#include "store/ddl.h"

bool head_is_plain(const char *text) {
    for (; *text; text++)
        if (strchr("'\"`\\", *text) || (unsigned char)*text < ' ') return false;
    return true;
}

static const char words[] =
    "-- A reading head: run in an empty database of a MariaDB server with the engine Spider (INSTALL SONAME "
    "'ha_spider').\n"
    "-- Put the accounts' passwords in the place of '***'. In the stores they require SELECT, and are to have no "
    "more.\n"
    "-- Spider connects to the stores without TLS unless it is configured to.\n"
    "-- To change the stores, drop the database and run these statements again: nothing is lost with it.\n";

static void server_print(const char *name, unsigned number, const struct head_store *store, struct buffer *out) {
    buffer_printf(out, "CREATE OR REPLACE SERVER `%s_%u` FOREIGN DATA WRAPPER mysql OPTIONS (\n  HOST '%s', ", name,
                  number, store->host);
    if (store->socket)
        buffer_printf(out, "SOCKET '%s', ", store->socket);
    else
        buffer_printf(out, "PORT %d, ", store->port);
    buffer_printf(out, "DATABASE '%s', USER '%s', PASSWORD '***');\n", store->database, store->user);
}

void head_print(const struct schema *schema, const char *name, const struct head_store *stores, unsigned n,
                struct buffer *out) {
    buffer_add_text(out, words);
    for (unsigned i = 0; i < n; i++)
        server_print(name, i + 1, &stores[i], out);
    for (unsigned i = 0; i < ddl_count(schema); i++) {
        if (ddl_is_view(schema, i))
            ddl_create(schema, i, DIALECT_MYSQL, out);
        else
            ddl_create_head(schema, i, name, n, out);
        buffer_add_text(out, ";\n");
    }
}
