/* A store under test, and generations to write into it: flows are put row by row into every table, as an importer would
 * add them up, so that the tables agree. */
#ifndef FLOWIMPORT_TESTS_STORE_ENV_H
#define FLOWIMPORT_TESTS_STORE_ENV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "flow/names.h"
#include "flow/service.h"
#include "store/audit.h"
#include "store/rollup.h"
#include "store/schema.h"
#include "store/store.h"

enum { T0 = 1700000400 }; /* a bucket of 600 s: 2023-11-14T22:20:00Z */

struct env {
    struct flow_layout layout;
    struct schema schema;
    struct store *store;
    const char *url;
};

struct test_flow {
    enum flow_family family;
    uint32_t bucket;             /* of 60 s */
    uint8_t source, destination; /* 192.0.2.N or 2001:db8::N */
    uint16_t source_port, destination_port;
    uint8_t protocol;
    uint64_t packets, octets, flows;
};

static inline void env_schema(struct env *env, const char *keys, const char *sums, const uint32_t *sizes,
                              unsigned n_sizes) {
    struct error error;
    if (flow_layout_init(&env->layout, keys, sums, &error) != 0) fail_msg("%s", error.text);
    schema_init(&env->schema, &env->layout, sizes, n_sizes);
}

static inline void env_open(struct env *env, const char *url) {
    struct error error = {""};
    struct store_config config = {.url = url};
    env->url = url;
    if (store_open(&env->store, &config, &env->schema, &error) != STORE_OK) fail_msg("%s", error.text);
}

static inline void env_init(struct env *env, const char *url) {
    static const uint32_t sizes[] = {600, 60};
    memset(env, 0, sizeof *env);
    env_schema(env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    env_open(env, url);
}

static inline void env_release(struct env *env) { store_close(env->store); }

static inline void address_put(uint8_t *to, enum flow_family family, uint8_t host) {
    static const uint8_t net[] = {0x20, 0x01, 0x0d, 0xb8};
    if (family == FLOW_IPV4) {
        be_put(to, 0xc0000200u + host, 4);
    } else {
        memset(to, 0, 16);
        memcpy(to, net, sizeof net);
        to[15] = host;
    }
}

static inline void group_add(uint64_t *values, unsigned group, const struct test_flow *flow) {
    values[3 * group] += flow->packets;
    values[3 * group + 1] += flow->octets;
    values[3 * group + 2] += flow->flows;
}

/* An index row: its key, and the flow in the groups of one side (1 source, 2 destination, 0 total row). */
static inline void index_put(struct env *env, const struct table *table, const struct test_flow *flow, uint64_t id,
                             unsigned side) {
    uint8_t key[20], *at = key;
    uint64_t values[SCHEMA_VALUES_MAX] = {0};
    unsigned class = 1 + (unsigned)proto_class(flow->protocol);
    if (table->bucket_size) {
        be_put(at, flow->bucket - flow->bucket % table->bucket_size, 4);
        at += 4;
    }
    if (table->family == FLOW_IPV6)
        address_put(at, FLOW_IPV6, (uint8_t)id);
    else
        be_put(at, id, 8);
    group_add(values, 0, flow);
    group_add(values, class, flow);
    if (side) group_add(values, side * 5, flow);
    if (side) group_add(values, side * 5 + class, flow);
    store_put(env->store, table, key, values);
}

static inline void size_put(struct env *env, const struct test_flow *flow, uint32_t size) {
    const struct schema *schema = &env->schema;
    const struct table *nodes = schema_table(schema, TABLE_NODES, flow->family, size);
    const struct table *nodes4 = schema_table(schema, TABLE_NODES, FLOW_IPV4, size);
    const struct table *ports = schema_table(schema, TABLE_PORTS, FLOW_IPV4, size);
    uint64_t net = flow->family == FLOW_IPV4 ? 0xc0000200u : 0;
    if (size) {
        const struct table *flows = schema_table(schema, TABLE_FLOWS, flow->family, size);
        const struct table *aggr = schema_table(schema, TABLE_AGGR, FLOW_IPV4, size);
        unsigned width = flow->family == FLOW_IPV4 ? 4 : 16;
        uint8_t key[64];
        uint64_t values[15] = {0};
        be_put(key, flow->bucket - flow->bucket % size, 4);
        address_put(key + 4, flow->family, flow->source);
        address_put(key + 4 + width, flow->family, flow->destination);
        be_put(key + 4 + 2 * width, flow->source_port, 2);
        be_put(key + 6 + 2 * width, flow->destination_port, 2);
        key[8 + 2 * width] = flow->protocol;
        group_add(values, 0, flow);
        store_put(env->store, flows, key, values);
        group_add(values, 1 + (unsigned)proto_class(flow->protocol), flow);
        store_put(env->store, aggr, key, values);
    }
    index_put(env, nodes, flow, net + flow->source, 1);
    index_put(env, nodes, flow, net + flow->destination, 2);
    index_put(env, ports, flow, flow->source_port, 1);
    index_put(env, ports, flow, flow->destination_port, 2);
    index_put(env, nodes4, flow, UINT64_MAX, 0);
    index_put(env, ports, flow, UINT64_MAX, 0);
}

/* The flow in every roll-up of the five-tuple's elements and the service. */
static inline void rollups_put(struct env *env, const struct test_flow *flow) {
    for (unsigned i = 0; i < env->schema.n_rollups; i++) {
        const struct rollup *rollup = &env->schema.rollups[i];
        const struct table *table =
            schema_rollup_table(&env->schema, i, rollup->has_addresses ? flow->family : FLOW_IPV4);
        uint8_t key[64];
        uint64_t values[3] = {flow->packets, flow->octets, flow->flows};
        be_put(key, flow->bucket - flow->bucket % rollup->size, 4);
        for (unsigned k = 0; k < rollup->n_keys; k++) {
            uint8_t *at = key + table->keys[1 + k].offset;
            switch (rollup->keys[k]) {
            case TUPLE_SOURCE: address_put(at, flow->family, flow->source); break;
            case TUPLE_DESTINATION: address_put(at, flow->family, flow->destination); break;
            case TUPLE_SOURCE_PORT: be_put(at, flow->source_port, 2); break;
            case TUPLE_DESTINATION_PORT: be_put(at, flow->destination_port, 2); break;
            case TUPLE_PROTOCOL: *at = flow->protocol; break;
            default: be_put(at, service_of(flow->source_port, flow->destination_port, flow->protocol), 2);
            }
        }
        store_put(env->store, table, key, values);
    }
}

static inline struct ledger_row ledger_make(const char *consumer, int64_t generation, const struct test_flow *flows,
                                            unsigned n) {
    struct ledger_row row = {.id.generation = generation,
                             .committed_at = 1700001000,
                             .entries = n + 3,
                             .imported = n,
                             .too_old = 1,
                             .rejected = 2,
                             .first_bucket = UINT32_MAX,
                             .claim = 7,
                             .position = 4711};
    snprintf(row.id.consumer, sizeof row.id.consumer, "%s", consumer);
    for (unsigned i = 0; i < n; i++) {
        row.sums[0] += flows[i].packets;
        row.sums[1] += flows[i].octets;
        row.flows += flows[i].flows;
        if (flows[i].bucket < row.first_bucket) row.first_bucket = flows[i].bucket;
        if (flows[i].bucket > row.last_bucket) row.last_bucket = flows[i].bucket;
    }
    if (n == 0) row.first_bucket = 0;
    return row;
}

static inline void generation_put(struct env *env, const struct ledger_row *row, const struct test_flow *flows,
                                  unsigned n) {
    uint32_t buckets[16];
    assert_true(n <= 16);
    for (unsigned i = 0; i < n; i++)
        buckets[i] = flows[i].bucket;
    store_begin(env->store, row, buckets, n);
    for (unsigned i = 0; i < n; i++) {
        for (unsigned size = 0; size < env->schema.n_sizes; size++)
            size_put(env, &flows[i], env->schema.sizes[size]);
        size_put(env, &flows[i], 0);
        rollups_put(env, &flows[i]);
    }
}

static inline void generation_write(struct env *env, const char *consumer, int64_t generation,
                                    const struct test_flow *flows, unsigned n) {
    struct ledger_row row = ledger_make(consumer, generation, flows, n);
    struct error error = {""};
    enum store_status status = STORE_RETRY;
    /* Once for each table for all time that a sum outgrows in MySQL. */
    for (unsigned tries = 0; tries < 4 && status == STORE_RETRY; tries++) {
        generation_put(env, &row, flows, n);
        status = store_commit(env->store, &error);
    }
    if (status != STORE_OK) fail_msg("%s", error.text);
}

static const struct test_flow test_flows[] = {
    {FLOW_IPV4, T0, 1, 2, 51515, 443, 6, 10, 1000, 1000000},
    {FLOW_IPV4, T0 + 60, 1, 2, 51515, 443, 6, 5, 501, 250000},
    {FLOW_IPV4, T0 + 600, 2, 3, 4000, 53, 17, 1, 60, 1000000},
    {FLOW_IPV4, T0 + 86400, 3, 3, 0, 2048, 1, 2, 168, 333333},
    {FLOW_IPV6, T0 + 120, 9, 8, 443, 6000, 6, 7, 7000, 1000000},
    {FLOW_IPV6, T0 + 120, 9, 8, 0, 34560, 58, 1, 64, 1000000},
    {FLOW_IPV4, T0, 4, 5, 0, 0, 47, 3, 300, 500000},
};
enum { TEST_FLOWS = sizeof test_flows / sizeof test_flows[0] };

/* A query's rows as text: "a|b\nc|d\n"; NULL as "-". */
static inline int text_row(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    for (unsigned i = 0; i < n; i++) {
        if (i) buffer_add_text(context, "|");
        if (columns[i])
            buffer_add(context, columns[i], lengths[i]);
        else
            buffer_add_text(context, "-");
    }
    buffer_add_text(context, "\n");
    return 0;
}

static inline void assert_query(struct env *env, const char *sql, const char *expected) {
    struct buffer text = BUFFER_INIT;
    struct error error = {""};
    if (store_query(env->store, sql, NULL, 0, text_row, &text, &error) != STORE_OK) fail_msg("%s", error.text);
    assert_string_equal(text.data ? text.data : "", expected);
    buffer_release(&text);
}

static inline void assert_run(struct env *env, const char *sql) {
    struct error error = {""};
    if (store_query(env->store, sql, NULL, 0, NULL, NULL, &error) != STORE_OK) fail_msg("%s", error.text);
}

static inline void assert_contains(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("'%s' is not in: %s", part, text);
}

#endif
