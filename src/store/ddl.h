/* The statements that make the tables, one object at a time: what schema_print prints and what a store runs. */
#ifndef FLOWIMPORT_STORE_DDL_H
#define FLOWIMPORT_STORE_DDL_H

#include "store/schema.h"

/* The objects of a schema, in the order in which they are made: the settings, retention, the ledger, loss, the tables,
 * their views, the views with addresses as text. An object's number is good for the life of the schema. */
unsigned ddl_count(const struct schema *schema);
/* Its name; good until the next call with the same buffer. */
void ddl_name(const struct schema *schema, unsigned object, char *name, size_t size);
bool ddl_is_view(const struct schema *schema, unsigned object);
/* Whether it is a table whose sums are wide. */
bool ddl_is_wide(const struct schema *schema, unsigned object);
/* The statement that makes it, without a semicolon at its end. */
void ddl_create(const struct schema *schema, unsigned object, enum dialect dialect, struct buffer *out);
/* The same of a head's table (store/head.h): with the columns of the stores' tables, one partition for each of the `n`
 * stores, which are the servers SERVER_1 to SERVER_n. It has no primary key, and is spread by a column that no query
 * names in a condition: conditions on that column would leave out stores. */
void ddl_create_head(const struct schema *schema, unsigned object, const char *server, unsigned n, struct buffer *out);
/* A line for each of its columns, in order: "name type\n", the type in lower case (of a view: the name alone). A wide
 * sum's type is that of any other sum. */
void ddl_columns(const struct schema *schema, unsigned object, enum dialect dialect, struct buffer *out);

/* By protocol class: the condition on a flows table's row, and whether the table has a protocol to ask for. */
extern const char *const ddl_class_conditions[PROTO_CLASSES];
bool ddl_has_protocol(const struct table *table);

/* What flowimport_schema says of these tables: row `row` of it, or NULL behind the last. To be freed by the caller. */
char *ddl_setting(const struct schema *schema, unsigned row, const char **name);

/* "a, b, c": the names that flowimport_schema keeps. */
void ddl_keys(const struct flow_layout *layout, struct buffer *out);
void ddl_sums(const struct flow_layout *layout, struct buffer *out);

#endif
