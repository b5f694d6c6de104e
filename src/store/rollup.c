/* Roll-ups out of their text, and their rows out of those of the flows tables. */
#include "store/rollup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/option.h"
#include "flow/service.h"
#include "flow/sum.h"

static const char separators[] = ", \t\n";

/* What filters call the elements. */
static const struct {
    const char *word;
    uint16_t element;
} words[] = {
    {"src", IE_sourceIPv4Address},          {"dst", IE_destinationIPv4Address}, {"sport", IE_sourceTransportPort},
    {"dport", IE_destinationTransportPort}, {"proto", IE_protocolIdentifier},   {"exporter", IE_exporterIPv4Address},
    {"exporter6", IE_exporterIPv6Address},  {"in", IE_ingressInterface},        {"out", IE_egressInterface},
};

static const char *word_of(const struct flow_layout *layout, uint8_t key) {
    if (key == ROLLUP_SERVICE) return "service";
    const struct element *element = layout->fields[key].element[FLOW_IPV4];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (element_by_id(words[i].element) == element) return words[i].word;
    return element->name;
}

/* The element of a word or name; NULL: there is none. */
static const struct element *element_find(const char *name, size_t len) {
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i].word) == len && memcmp(words[i].word, name, len) == 0)
            return element_by_id(words[i].element);
    return element_by_name(name, len);
}

static int service_check(const struct flow_layout *layout, struct error *error) {
    for (unsigned field = TUPLE_SOURCE_PORT; field <= TUPLE_PROTOCOL; field++)
        if (!flow_layout_has_key(layout, field))
            return error_set(error, "service requires the key %s in aggr_values",
                             layout->fields[field].element[FLOW_IPV4]->name);
    return 0;
}

/* *key: the field, or ROLLUP_SERVICE. */
static int key_find(const struct flow_layout *layout, const char *name, size_t len, uint8_t *key, struct error *error) {
    *key = ROLLUP_SERVICE;
    if (len == strlen("service") && memcmp(name, "service", len) == 0) return service_check(layout, error);
    const struct element *element = element_find(name, len);
    for (unsigned i = 0; i < layout->n_keys && element; i++) {
        const struct flow_field *field = &layout->fields[layout->keys[i]];
        *key = layout->keys[i];
        if (field->element[FLOW_IPV4] == element || field->element[FLOW_IPV6] == element) return 0;
    }
    return error_set(error, "'%.*s' is not a key of aggr_values, and not service", (int)len, name);
}

static int key_add(const struct flow_layout *layout, struct rollup *rollup, const char *name, size_t len,
                   struct error *error) {
    uint8_t key;
    if (key_find(layout, name, len, &key, error) != 0) return -1;
    for (unsigned i = 0; i < rollup->n_keys; i++)
        if (rollup->keys[i] == key) return error_set(error, "'%.*s' is repeated", (int)len, name);
    const char *word = word_of(layout, key);
    size_t used = strlen(rollup->name);
    if (used + 1 + strlen(word) >= sizeof rollup->name)
        return error_set(error, "'%.*s' makes the table's name too long: at most %zu characters of keys", (int)len,
                         name, sizeof rollup->name - 1);
    snprintf(rollup->name + used, sizeof rollup->name - used, "%s%s", used ? "_" : "", word);
    rollup->has_addresses |= key == TUPLE_SOURCE || key == TUPLE_DESTINATION;
    rollup->keys[rollup->n_keys++] = key;
    return 0;
}

/* What stands before the colon, as other times of the configuration are written. */
static int size_parse(const struct schema *schema, const char *text, const char *colon, uint32_t *size,
                      struct error *error) {
    size_t len = (size_t)(colon - text);
    int64_t seconds;
    while (len > 0 && strchr(separators, text[len - 1]))
        len--;
    if (option_seconds(text, len, &seconds) != 0 || seconds <= 0 || seconds > DAY_SECONDS || DAY_SECONDS % seconds)
        return error_set(error, "'%.*s' is not a bucket size: expected seconds that divide a day, such as 3600 or 1d",
                         (int)(colon - text), text);
    for (unsigned i = 0; i < schema->n_sizes; i++)
        if (seconds % schema->sizes[i] == 0) {
            *size = (uint32_t)seconds;
            return 0;
        }
    return error_set(error, "%" PRId64 " is not a multiple of one of bucket_sizes", seconds);
}

/* One roll-up, up to `end`. */
static int rollup_parse(const struct schema *schema, const char *text, const char *end, struct rollup *rollup,
                        struct error *error) {
    const char *colon = memchr(text, ':', (size_t)(end - text));
    *rollup = (struct rollup){0};
    if (!colon)
        return error_set(error, "'%.*s': expected a bucket size, a colon and keys, such as 1d: src dst service",
                         (int)(end - text), text);
    if (size_parse(schema, text, colon, &rollup->size, error) != 0) return -1;
    for (const char *at = colon + 1; at < end;) {
        at += strspn(at, separators);
        size_t len = strcspn(at, ", \t\n;");
        if (len > 0 && key_add(schema->layout, rollup, at, len, error) != 0) return -1;
        at += len ? len : 1;
    }
    return rollup->n_keys > 0 ? 0 : error_set(error, "'%.*s' has no keys", (int)(end - text), text);
}

static int rollup_compare(const void *a, const void *b) {
    const struct rollup *left = a, *right = b;
    if (left->size != right->size) return left->size < right->size ? -1 : 1;
    return strcmp(left->name, right->name);
}

int rollups_add(struct schema *schema, const char *text, struct error *error) {
    struct rollup list[ROLLUPS_MAX];
    unsigned n = 0;
    text += strspn(text, separators);
    if (strcmp(text, ROLLUPS_NONE) == 0) return 0;
    for (const char *end; *text; text = end) {
        end = text + strcspn(text, ";");
        if (n == ROLLUPS_MAX) return error_set(error, "at most %d roll-ups", ROLLUPS_MAX);
        if (rollup_parse(schema, text, end, &list[n++], error) != 0) return -1;
        if (*end == ';') end++;
        end += strspn(end, separators);
    }
    if (n > 0) qsort(list, n, sizeof list[0], rollup_compare);
    for (unsigned i = 1; i < n; i++)
        if (rollup_compare(&list[i - 1], &list[i]) == 0)
            return error_set(error, "%" PRIu32 ": %s is repeated", list[i].size, list[i].name);
    for (unsigned i = 0; i < n; i++)
        schema_rollup_add(schema, &list[i]);
    return 0;
}

void rollups_show(const struct schema *schema, struct buffer *out) {
    if (schema->n_rollups == 0) buffer_add_text(out, ROLLUPS_NONE);
    for (unsigned i = 0; i < schema->n_rollups; i++) {
        const struct rollup *rollup = &schema->rollups[i];
        buffer_printf(out, "%s%" PRIu32 ":", i ? "; " : "", rollup->size);
        for (unsigned k = 0; k < rollup->n_keys; k++)
            buffer_printf(out, " %s", word_of(schema->layout, rollup->keys[k]));
    }
}

/* Rows out of flows
 * --------------------------------------------------------------------------------------------------------- */

/* As service_is_registered() has it. */
static void registered_sql(const char *column, struct buffer *sql) {
    buffer_printf(sql, "(%s BETWEEN 1 AND %d OR %s IN (", column, SERVICE_SYSTEM, column);
    for (unsigned i = 0; i < service_n_registered; i++)
        buffer_printf(sql, "%s%u", i ? "," : "", service_registered[i]);
    buffer_add_text(sql, "))");
}

void rollup_service_sql(struct buffer *sql) {
    static const char s[] = "sourceTransportPort", d[] = "destinationTransportPort";
    buffer_add_text(sql, "CASE WHEN protocolIdentifier NOT IN (");
    for (unsigned i = 0; i < service_n_protocols; i++)
        buffer_printf(sql, "%s%u", i ? "," : "", service_protocols[i]);
    buffer_printf(sql, ") THEN 0 WHEN %s <= %s AND ", s, d);
    registered_sql(s, sql);
    buffer_printf(sql, " THEN %s WHEN ", s);
    registered_sql(d, sql);
    buffer_printf(sql, " AND (%s < %s OR NOT ", d, s);
    registered_sql(s, sql);
    buffer_printf(sql, ") THEN %s WHEN ", d);
    registered_sql(s, sql);
    buffer_printf(sql, " THEN %s", s);
    buffer_printf(sql, " WHEN %s BETWEEN 1 AND %d AND (%s <= %s OR %s = 0) THEN %s", s, SERVICE_EPHEMERAL - 1, s, d, d,
                  s);
    buffer_printf(sql, " WHEN %s BETWEEN 1 AND %d THEN %s ELSE 0 END", d, SERVICE_EPHEMERAL - 1, d);
}

static void key_sql(const struct schema *schema, const struct table *table, unsigned key, struct buffer *sql) {
    if (key == 0)
        buffer_printf(sql, "bucket - bucket %% %" PRIu32, table->bucket_size);
    else if (schema->rollups[table->rollup].keys[key - 1] == ROLLUP_SERVICE)
        rollup_service_sql(sql);
    else
        buffer_add_text(sql, table->keys[key].name);
}

/* ", name, name": the stored columns of the values. */
static void values_sql(const struct schema *schema, const struct table *table, const char *format, struct buffer *sql) {
    char name[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < table->n_values; i++) {
        schema_stored_name(schema, table, i, name, sizeof name);
        buffer_add_text(sql, ", ");
        buffer_printf(sql, format, name);
    }
}

/* The rows of one flows table with the roll-up's keys. */
static void arm_sql(const struct schema *schema, const struct table *table, const struct table *flows, uint32_t first,
                    uint64_t end, enum dialect dialect, struct buffer *sql) {
    bool is_mysql = dialect == DIALECT_MYSQL;
    buffer_add_text(sql, is_mysql ? "(SELECT " : "SELECT ");
    for (unsigned i = 0; i < table->n_keys; i++) {
        if (i) buffer_add_text(sql, ", ");
        key_sql(schema, table, i, sql);
        buffer_printf(sql, " AS k%u", i);
    }
    values_sql(schema, table, "%s", sql);
    buffer_printf(sql, " FROM %s WHERE bucket >= %" PRIu32 " AND bucket < %" PRIu64 "%s", flows->data, first, end,
                  is_mysql ? " LOCK IN SHARE MODE)" : "");
}

void rollup_fill_sql(const struct schema *schema, const struct table *table, uint32_t base, uint32_t first,
                     uint64_t end, enum dialect dialect, struct buffer *sql) {
    bool has_addresses = schema->rollups[table->rollup].has_addresses, is_next = false;
    buffer_printf(sql, "INSERT INTO %s (", table->data);
    for (unsigned i = 0; i < table->n_keys; i++)
        buffer_printf(sql, "%s%s", i ? ", " : "", table->keys[i].name);
    values_sql(schema, table, "%s", sql);
    buffer_add_text(sql, ") SELECT ");
    for (unsigned i = 0; i < table->n_keys; i++)
        buffer_printf(sql, "%sk%u", i ? ", " : "", i);
    /* Cut where it is more than a bucket's row has (flow/sum.h). */
    values_sql(schema, table,
               dialect == DIALECT_MYSQL ? "LEAST(SUM(%s), " SUM_MOST_TEXT ")" : "min(SUM(%s), " SUM_MOST_TEXT ")", sql);
    buffer_add_text(sql, " FROM (");
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        const struct table *flows = schema_table(schema, TABLE_FLOWS, (enum flow_family)family, base);
        if (!flows || (has_addresses && table->family != family)) continue;
        if (is_next) buffer_add_text(sql, " UNION ALL ");
        arm_sql(schema, table, flows, first, end, dialect, sql);
        is_next = true;
    }
    buffer_add_text(sql, ") AS flows GROUP BY ");
    for (unsigned i = 0; i < table->n_keys; i++)
        buffer_printf(sql, "%sk%u", i ? ", " : "", i);
}
