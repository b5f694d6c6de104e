/* Which tables there are, and their columns, from the layout and the bucket sizes. */
#include "store/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int size_compare(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static void key_add(struct table *table, const char *name, uint8_t type, uint8_t width) {
    table->keys[table->n_keys++] =
        (struct key_column){.name = name, .type = type, .offset = (uint16_t)table->key_bytes, .width = width};
    table->key_bytes += width;
}

static void bucket_add(struct table *table) { key_add(table, "bucket", ELEMENT_DATE_TIME_SECONDS, 4); }

/* By kind: the name, how many groups of values a row has, and whether it is there for all time too. */
static const struct {
    const char *name[FLOW_FAMILIES];
    unsigned groups;
} kinds[] = {
    [TABLE_FLOWS] = {{"flows", "flows6"}, 1},
    [TABLE_NODES] = {{"index_nodes", "index_nodes6"}, SCHEMA_GROUPS},
    [TABLE_PORTS] = {{"index_ports", NULL}, SCHEMA_GROUPS},
    [TABLE_ROLLUP] = {{"rollup", "rollup6"}, 1},
    [TABLE_AGGR] = {{"flows_aggr", NULL}, 1 + PROTO_CLASSES},
};

static struct table *table_add(struct schema *schema, enum table_kind kind, enum flow_family family, uint32_t size) {
    struct table *table = &schema->tables[schema->n_tables++];
    table->kind = kind;
    table->family = family;
    table->bucket_size = size;
    table->n_values = kinds[kind].groups * (schema->layout->n_sums + 1);
    char suffix[12] = "";
    if (size) snprintf(suffix, sizeof suffix, "_%u", size);
    snprintf(table->name, sizeof table->name, "%s%s", kinds[kind].name[family], suffix);
    snprintf(table->data, sizeof table->data, "%s%s_data", kinds[kind].name[family], suffix);
    return table;
}

static void flows_add(struct schema *schema, enum flow_family family, uint32_t size) {
    const struct flow_layout *layout = schema->layout;
    struct table *table = table_add(schema, TABLE_FLOWS, family, size);
    bucket_add(table);
    for (unsigned i = 0; i < layout->n_keys; i++) {
        const struct element *element = layout->fields[layout->keys[i]].element[family];
        key_add(table, element->name, element->type, (uint8_t)element_width(element));
    }
}

static void index_add(struct schema *schema, enum table_kind kind, enum flow_family family, uint32_t size) {
    struct table *table = table_add(schema, kind, family, size);
    if (size) bucket_add(table);
    if (family == FLOW_IPV6)
        key_add(table, "id", ELEMENT_IPV6_ADDRESS, 16);
    else
        key_add(table, "id", ELEMENT_SIGNED64, 8);
}

unsigned schema_key_column(const struct table *table, unsigned place) {
    bool is_index = table->kind == TABLE_NODES || table->kind == TABLE_PORTS;
    return is_index ? table->n_keys - 1 - place : place;
}

void schema_init(struct schema *schema, const struct flow_layout *layout, const uint32_t *sizes, unsigned n_sizes) {
    memset(schema, 0, sizeof *schema);
    schema->layout = layout;
    uint32_t sorted[BUCKET_SIZES_MAX];
    if (n_sizes > BUCKET_SIZES_MAX) n_sizes = BUCKET_SIZES_MAX;
    memcpy(sorted, sizes, n_sizes * sizeof sizes[0]);
    qsort(sorted, n_sizes, sizeof sorted[0], size_compare);
    for (unsigned i = 0; i < n_sizes; i++)
        if (schema->n_sizes == 0 || schema->sizes[schema->n_sizes - 1] != sorted[i])
            schema->sizes[schema->n_sizes++] = sorted[i];
    for (unsigned i = 0; i < schema->n_sizes; i++) {
        uint32_t size = schema->sizes[i];
        flows_add(schema, FLOW_IPV4, size);
        if (layout->has_addresses) flows_add(schema, FLOW_IPV6, size);
        index_add(schema, TABLE_NODES, FLOW_IPV4, size);
        index_add(schema, TABLE_NODES, FLOW_IPV6, size);
        index_add(schema, TABLE_PORTS, FLOW_IPV4, size);
        bucket_add(table_add(schema, TABLE_AGGR, FLOW_IPV4, size));
    }
    index_add(schema, TABLE_NODES, FLOW_IPV4, 0);
    index_add(schema, TABLE_NODES, FLOW_IPV6, 0);
    index_add(schema, TABLE_PORTS, FLOW_IPV4, 0);
}

const char *const schema_leave_names[] = {
    [SCHEMA_LEAVE_NONE] = "none",
    [SCHEMA_LEAVE_PORTS] = "ports",
    [SCHEMA_LEAVE_ALL_TIME] = "all-time",
    [SCHEMA_LEAVE_PORTS | SCHEMA_LEAVE_ALL_TIME] = "ports-and-all-time",
};

void schema_leave_out(struct schema *schema, unsigned set) {
    unsigned n = 0;
    schema->leave_out = set;
    for (unsigned i = 0; i < schema->n_tables; i++) {
        const struct table *table = &schema->tables[i];
        bool is_out = (table->kind == TABLE_PORTS && (set & SCHEMA_LEAVE_PORTS)) ||
                      (table->bucket_size == 0 && (set & SCHEMA_LEAVE_ALL_TIME));
        if (!is_out) schema->tables[n++] = *table;
    }
    schema->n_tables = n;
}

static void rollup_table_add(struct schema *schema, const struct rollup *rollup, enum flow_family family) {
    struct table *table = table_add(schema, TABLE_ROLLUP, family, rollup->size);
    table->rollup = schema->n_rollups;
    snprintf(table->name, sizeof table->name, "%s_%s_%" PRIu32, kinds[TABLE_ROLLUP].name[family], rollup->name,
             rollup->size);
    snprintf(table->data, sizeof table->data, "%s_data", table->name);
    bucket_add(table);
    for (unsigned i = 0; i < rollup->n_keys; i++) {
        if (rollup->keys[i] == ROLLUP_SERVICE) {
            key_add(table, "service", ELEMENT_UNSIGNED16, 2);
            continue;
        }
        const struct element *element = schema->layout->fields[rollup->keys[i]].element[family];
        key_add(table, element->name, element->type, (uint8_t)element_width(element));
    }
}

void schema_rollup_add(struct schema *schema, const struct rollup *rollup) {
    rollup_table_add(schema, rollup, FLOW_IPV4);
    if (rollup->has_addresses) rollup_table_add(schema, rollup, FLOW_IPV6);
    schema->rollups[schema->n_rollups++] = *rollup;
}

const struct table *schema_rollup_table(const struct schema *schema, unsigned rollup, enum flow_family family) {
    for (unsigned i = 0; i < schema->n_tables; i++) {
        const struct table *table = &schema->tables[i];
        if (table->kind == TABLE_ROLLUP && table->rollup == rollup && table->family == family) return table;
    }
    return NULL;
}

unsigned schema_all_sizes(const struct schema *schema, uint32_t sizes[SCHEMA_SIZES_MAX]) {
    uint32_t all[SCHEMA_SIZES_MAX];
    unsigned n = schema->n_sizes, n_different = 0;
    memcpy(all, schema->sizes, n * sizeof all[0]);
    for (unsigned i = 0; i < schema->n_rollups; i++)
        all[n++] = schema->rollups[i].size;
    qsort(all, n, sizeof all[0], size_compare);
    for (unsigned i = 0; i < n; i++)
        if (i == 0 || all[i] != all[i - 1]) sizes[n_different++] = all[i];
    return n_different;
}

const struct table *schema_table(const struct schema *schema, enum table_kind kind, enum flow_family family,
                                 uint32_t bucket_size) {
    for (unsigned i = 0; i < schema->n_tables; i++) {
        const struct table *table = &schema->tables[i];
        if (table->kind == kind && table->family == family && table->bucket_size == bucket_size) return table;
    }
    return NULL;
}

bool schema_has_key(const struct table *table, const char *name) {
    for (unsigned i = 0; i < table->n_keys; i++)
        if (strcmp(table->keys[i].name, name) == 0) return true;
    return false;
}

/* "tcp_", "src_", "src_tcp_", ... of group 0 to SCHEMA_GROUPS - 1. */
static void group_prefix(unsigned group, char *prefix, size_t size) {
    static const char *const sides[] = {"", "src_", "dst_"};
    unsigned side = group / (1 + PROTO_CLASSES), class = group % (1 + PROTO_CLASSES);
    if (class == 0)
        snprintf(prefix, size, "%s", sides[side]);
    else
        snprintf(prefix, size, "%s%s_", sides[side], proto_class_names[class - 1]);
}

static bool value_is_flows(const struct schema *schema, unsigned index) {
    return index % (schema->layout->n_sums + 1) == schema->layout->n_sums;
}

void schema_value_name(const struct schema *schema, const struct table *table, unsigned index, char *name,
                       size_t size) {
    char prefix[16];
    unsigned n = schema->layout->n_sums + 1;
    (void)table; /* every kind of row begins with the same groups */
    group_prefix(index / n, prefix, sizeof prefix);
    snprintf(name, size, "%s%s", prefix,
             value_is_flows(schema, index) ? "flows" : schema->layout->sums[index % n]->name);
}

void schema_stored_name(const struct schema *schema, const struct table *table, unsigned index, char *name,
                        size_t size) {
    schema_value_name(schema, table, index, name, size);
    size_t len = strlen(name);
    if (value_is_flows(schema, index)) snprintf(name + len, size - len, "_millionths");
}
