/* From cached sums to the rows of every table: the rows exactly, their order, and the same again after a failure. */
#include "import/flush.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "flow/sum.h"
#include "random.h"
#include "records.h"
#include "store/key.h"
#include "store/rollup.h"
#include "store/sqlite/memory.h"
#include "store/store_ops.h"

/* A store that writes down what it is given, a line a row: "flows_600 1700002800 10.0.0.1 … 6: 5/500/500000", with each
 * group of values that isn't all 0 and, but in flows tables, the group's name. */
struct recorder {
    struct store store;
    struct buffer lines;
    unsigned rows;
    uint32_t days[16];
    unsigned n_days;
    enum store_status next; /* what the next commit answers */
    bool quiet;             /* rows are only checked for their order */
    const struct table *table;
    uint8_t last[SCHEMA_KEYS_MAX * 64];
    bool last_total;
    unsigned runs;
    uint64_t sums[SCHEMA_TABLES_MAX][2][SCHEMA_VALUES_MAX]; /* by table and whether it is the total row */
};

static enum store_status recorder_begin(struct store *store, const struct ledger_row *row, const uint32_t *buckets,
                                        unsigned n, struct error *error) {
    struct recorder *recorder = (struct recorder *)store;
    (void)row, (void)error;
    assert_true(n <= 16);
    memcpy(recorder->days, buckets, n * sizeof buckets[0]);
    recorder->n_days = n;
    buffer_clear(&recorder->lines);
    memset(recorder->sums, 0, sizeof recorder->sums);
    recorder->rows = recorder->runs = 0;
    recorder->table = NULL;
    return STORE_OK;
}

static void key_show(struct buffer *out, const struct key_column *key, const uint8_t *bytes) {
    char text[INET6_ADDRSTRLEN];
    if (key->type == ELEMENT_IPV4_ADDRESS || key->type == ELEMENT_IPV6_ADDRESS)
        buffer_printf(out, " %s",
                      inet_ntop(key->type == ELEMENT_IPV6_ADDRESS ? AF_INET6 : AF_INET, bytes, text, sizeof text));
    else
        buffer_printf(out, " %" PRId64, key->width == 8 ? key_signed(bytes, 8) : (int64_t)be_number(bytes, key->width));
}

static void row_show(struct buffer *out, const struct schema *schema, const struct table *table, const uint8_t *key,
                     const uint64_t *values) {
    buffer_add_text(out, table->name);
    for (unsigned i = 0; i < table->n_keys; i++)
        key_show(out, &table->keys[i], key + table->keys[i].offset);
    buffer_add(out, ":", 1);
    for (unsigned i = 0; i < table->n_values; i += 3) {
        char name[SCHEMA_NAME_MAX];
        if (!(values[i] | values[i + 1] | values[i + 2])) continue;
        schema_value_name(schema, table, i, name, sizeof name);
        name[strlen(name) - strlen("packetDeltaCount")] = '\0';
        if (*name) name[strlen(name) - 1] = '\0';
        buffer_printf(out, " %s%s%" PRIu64 "/%" PRIu64 "/%" PRIu64,
                      *name                          ? name
                      : i || !schema_is_flows(table) ? "total"
                                                     : "",
                      schema_is_flows(table) ? "" : " ", values[i], values[i + 1], values[i + 2]);
    }
    buffer_add(out, "\n", 1);
}

static bool is_total(const struct table *table, const uint8_t *key) {
    return (table->kind == TABLE_NODES || table->kind == TABLE_PORTS) && table->family == FLOW_IPV4 &&
           be64(key + (table->bucket_size ? 4 : 0)) == UINT64_MAX;
}

static enum store_status recorder_put(struct store *store, const struct table *table, const uint8_t *key,
                                      const uint64_t *values, struct error *error) {
    struct recorder *recorder = (struct recorder *)store;
    bool total = is_total(table, key);
    (void)error;
    if (table == recorder->table && total == recorder->last_total) {
        assert_true(memcmp(recorder->last, key, table->key_bytes) < 0);
    } else {
        recorder->runs++;
    }
    recorder->table = table;
    recorder->last_total = total;
    memcpy(recorder->last, key, table->key_bytes);
    recorder->rows++;
    for (unsigned i = 0; i < table->n_values; i++)
        recorder->sums[table - store->schema->tables][total][i] += values[i];
    if (!recorder->quiet) row_show(&recorder->lines, store->schema, table, key, values);
    return STORE_OK;
}

static enum store_status recorder_commit(struct store *store, struct error *error) {
    struct recorder *recorder = (struct recorder *)store;
    enum store_status status = recorder->next;
    recorder->next = STORE_OK;
    if (status != STORE_OK) error_set(error, "no luck");
    return status;
}

static void recorder_rollback(struct store *store) { (void)store; }

static unsigned ledger_rows;

/* The ledger's row; which roll-ups the tables have. */
static enum store_status recorder_query(struct store *store, const char *sql, const struct store_param *params,
                                        unsigned n_params, store_row_fn *row, void *context, struct error *error) {
    (void)n_params, (void)error;
    if (strncmp(sql, "SELECT value FROM flowimport_schema", 35) == 0) {
        struct buffer rollups = BUFFER_INIT;
        if (strcmp(params[0].bytes, "rollups") == 0) rollups_show(store->schema, &rollups);
        const char *columns[] = {rollups.data};
        row(context, 1, columns, &rollups.len);
        buffer_release(&rollups);
        return STORE_OK;
    }
    assert_memory_equal(sql, "INSERT INTO import_ledger", 25);
    ledger_rows++;
    return STORE_OK;
}

static const struct store_ops recorder_ops = {
    .dialect = DIALECT_SQLITE,
    .begin = recorder_begin,
    .put = recorder_put,
    .commit = recorder_commit,
    .rollback = recorder_rollback,
    .query = recorder_query,
};

static struct flow_layout layout;
static struct schema schema;
static struct recorder recorder;
static struct cache *cache;
static struct ledger_row ledger;

static void begin(const char *keys, const uint32_t *sizes, unsigned n_sizes) {
    static char name[] = "recorder";
    layout_make(&layout, keys, FLOW_LAYOUT_SUMS);
    schema_init(&schema, &layout, sizes, n_sizes);
    memset(&recorder, 0, sizeof recorder);
    recorder.store = (struct store){.ops = &recorder_ops, .schema = &schema, .name = name};
    cache = cache_new(&layout, &schema, 64 << 20, 1);
    ledger = (struct ledger_row){.id = {"here", 1}, .first_bucket = 99, .last_bucket = 99};
}

static void end(void) {
    buffer_release(&recorder.lines);
    cache_free(cache);
}

static enum store_status flush(struct error *error) {
    return flush_cache(cache, NULL, NULL, &layout, &schema, &recorder.store, &ledger, error);
}

/* 10.0.0.1 to 10.0.0.2 in halves over a bucket's edge; the answer; a host with itself; ICMPv6; GRE over the next
 * hour's. */
static void flows_add(void) {
    enum { A = 0x0a000001, B, C };
    const struct flow_record records[] = {
        record_make(&layout, FLOW_IPV4, (struct tuple){A, B, 50001, 443, 6}, 1700003395, 1700003404, 10, 1000),
        record_make(&layout, FLOW_IPV4, (struct tuple){B, A, 443, 50001, 6}, 1700003400, 1700003400, 5, 700),
        record_make(&layout, FLOW_IPV4, (struct tuple){A, A, 5353, 5353, 17}, 1700003401, 1700003500, 1, 80),
        record_make(&layout, FLOW_IPV6, (struct tuple){1, 2, 0, 128, 58}, 1700003402, 1700003402, 2, 160),
        record_make(&layout, FLOW_IPV4, (struct tuple){B, C, 0, 0, 47}, 1700004599, 1700004600, 3, 101),
    };
    for (unsigned i = 0; i < sizeof records / sizeof records[0]; i++)
        assert_true(cache_add(cache, &records[i], 1));
}

/* Of the lines those that begin with `only`. */
static void lines_are(const char *const *expected, unsigned n, const char *only) {
    char *copy = strdup(recorder.lines.data), *rest = copy, *line;
    unsigned seen = 0;
    while ((line = strsep(&rest, "\n")) && *line) {
        if (strncmp(line, only, strlen(only)) != 0) continue;
        assert_true(seen < n);
        assert_string_equal(line, expected[seen]);
        seen++;
    }
    assert_int_equal(seen, n);
    free(copy);
}

/* Out of the same rows: the service of both directions, IPv6 by itself where there is an address. */
static void rollups(void **state) {
    static const uint32_t sizes[] = {600, 900};
    static const char *const expected[] = {
        "rollup_service_proto_3600 1700002800 0 47: 3/101/1000000",
        "rollup_service_proto_3600 1700002800 0 58: 2/160/1000000",
        "rollup_service_proto_3600 1700002800 443 6: 15/1700/2000000",
        "rollup_service_proto_3600 1700002800 5353 17: 1/80/1000000",
        "rollup_dst_service_86400 1699920000 10.0.0.1 443: 5/700/1000000",
        "rollup_dst_service_86400 1699920000 10.0.0.1 5353: 1/80/1000000",
        "rollup_dst_service_86400 1699920000 10.0.0.2 443: 10/1000/1000000",
        "rollup_dst_service_86400 1699920000 10.0.0.3 0: 3/101/1000000",
        "rollup6_dst_service_86400 1699920000 2001:db8::2 0: 2/160/1000000",
    };
    (void)state;
    begin(FLOW_LAYOUT_KEYS, sizes, 2);
    assert_int_equal(rollups_add(&schema, "1d: dst service; 1h: service proto", NULL), 0);
    flows_add();
    assert_int_equal(flush(NULL), STORE_OK);
    lines_are(expected, sizeof expected / sizeof expected[0], "rollup");
    end();
}

static const char *const standard[] = {
    "flows_600 1700002800 10.0.0.1 10.0.0.2 50001 443 6: 5/500/500000",
    "flows_600 1700003400 10.0.0.1 10.0.0.1 5353 5353 17: 1/80/1000000",
    "flows_600 1700003400 10.0.0.1 10.0.0.2 50001 443 6: 5/500/500000",
    "flows_600 1700003400 10.0.0.2 10.0.0.1 443 50001 6: 5/700/1000000",
    "flows_600 1700004000 10.0.0.2 10.0.0.3 0 0 47: 1/50/500000",
    "flows_600 1700004600 10.0.0.2 10.0.0.3 0 0 47: 2/51/500000",
    "index_nodes_600 1700002800 167772161: total 5/500/500000 tcp 5/500/500000 src 5/500/500000 src_tcp 5/500/500000",
    "index_nodes_600 1700002800 167772162: total 5/500/500000 tcp 5/500/500000 dst 5/500/500000 dst_tcp 5/500/500000",
    "index_nodes_600 1700003400 167772161: total 12/1360/3500000 tcp 10/1200/1500000 udp 2/160/2000000 src "
    "6/580/1500000 src_tcp 5/500/500000 src_udp 1/80/1000000 dst 6/780/2000000 dst_tcp 5/700/1000000 dst_udp "
    "1/80/1000000",
    "index_nodes_600 1700003400 167772162: total 10/1200/1500000 tcp 10/1200/1500000 src 5/700/1000000 src_tcp "
    "5/700/1000000 dst 5/500/500000 dst_tcp 5/500/500000",
    "index_nodes_600 1700004000 167772162: total 1/50/500000 other 1/50/500000 src 1/50/500000 src_other 1/50/500000",
    "index_nodes_600 1700004000 167772163: total 1/50/500000 other 1/50/500000 dst 1/50/500000 dst_other 1/50/500000",
    "index_nodes_600 1700004600 167772162: total 2/51/500000 other 2/51/500000 src 2/51/500000 src_other 2/51/500000",
    "index_nodes_600 1700004600 167772163: total 2/51/500000 other 2/51/500000 dst 2/51/500000 dst_other 2/51/500000",
    "flows6_600 1700003400 2001:db8::1 2001:db8::2 0 128 58: 2/160/1000000",
    "index_nodes6_600 1700003400 2001:db8::1: total 2/160/1000000 icmp 2/160/1000000 src 2/160/1000000 src_icmp "
    "2/160/1000000",
    "index_nodes6_600 1700003400 2001:db8::2: total 2/160/1000000 icmp 2/160/1000000 dst 2/160/1000000 dst_icmp "
    "2/160/1000000",
    "index_ports_600 1700002800 443: total 5/500/500000 tcp 5/500/500000 dst 5/500/500000 dst_tcp 5/500/500000",
    "index_ports_600 1700002800 50001: total 5/500/500000 tcp 5/500/500000 src 5/500/500000 src_tcp 5/500/500000",
    "index_ports_600 1700003400 0: total 2/160/1000000 icmp 2/160/1000000 src 2/160/1000000 src_icmp 2/160/1000000",
    "index_ports_600 1700003400 128: total 2/160/1000000 icmp 2/160/1000000 dst 2/160/1000000 dst_icmp 2/160/1000000",
    "index_ports_600 1700003400 443: total 10/1200/1500000 tcp 10/1200/1500000 src 5/700/1000000 src_tcp 5/700/1000000 "
    "dst 5/500/500000 dst_tcp 5/500/500000",
    "index_ports_600 1700003400 5353: total 2/160/2000000 udp 2/160/2000000 src 1/80/1000000 src_udp 1/80/1000000 dst "
    "1/80/1000000 dst_udp 1/80/1000000",
    "index_ports_600 1700003400 50001: total 10/1200/1500000 tcp 10/1200/1500000 src 5/500/500000 src_tcp 5/500/500000 "
    "dst 5/700/1000000 dst_tcp 5/700/1000000",
    "index_ports_600 1700004000 0: total 2/100/1000000 other 2/100/1000000 src 1/50/500000 src_other 1/50/500000 dst "
    "1/50/500000 dst_other 1/50/500000",
    "index_ports_600 1700004600 0: total 4/102/1000000 other 4/102/1000000 src 2/51/500000 src_other 2/51/500000 dst "
    "2/51/500000 dst_other 2/51/500000",
    "flows_900 1700002800 10.0.0.1 10.0.0.1 5353 5353 17: 1/80/1000000",
    "flows_900 1700002800 10.0.0.1 10.0.0.2 50001 443 6: 10/1000/1000000",
    "flows_900 1700002800 10.0.0.2 10.0.0.1 443 50001 6: 5/700/1000000",
    "flows_900 1700003700 10.0.0.2 10.0.0.3 0 0 47: 1/50/500000",
    "flows_900 1700004600 10.0.0.2 10.0.0.3 0 0 47: 2/51/500000",
    "index_nodes_900 1700002800 167772161: total 17/1860/4000000 tcp 15/1700/2000000 udp 2/160/2000000 src "
    "11/1080/2000000 src_tcp 10/1000/1000000 src_udp 1/80/1000000 dst 6/780/2000000 dst_tcp 5/700/1000000 dst_udp "
    "1/80/1000000",
    "index_nodes_900 1700002800 167772162: total 15/1700/2000000 tcp 15/1700/2000000 src 5/700/1000000 src_tcp "
    "5/700/1000000 dst 10/1000/1000000 dst_tcp 10/1000/1000000",
    "index_nodes_900 1700003700 167772162: total 1/50/500000 other 1/50/500000 src 1/50/500000 src_other 1/50/500000",
    "index_nodes_900 1700003700 167772163: total 1/50/500000 other 1/50/500000 dst 1/50/500000 dst_other 1/50/500000",
    "index_nodes_900 1700004600 167772162: total 2/51/500000 other 2/51/500000 src 2/51/500000 src_other 2/51/500000",
    "index_nodes_900 1700004600 167772163: total 2/51/500000 other 2/51/500000 dst 2/51/500000 dst_other 2/51/500000",
    "flows6_900 1700002800 2001:db8::1 2001:db8::2 0 128 58: 2/160/1000000",
    "index_nodes6_900 1700002800 2001:db8::1: total 2/160/1000000 icmp 2/160/1000000 src 2/160/1000000 src_icmp "
    "2/160/1000000",
    "index_nodes6_900 1700002800 2001:db8::2: total 2/160/1000000 icmp 2/160/1000000 dst 2/160/1000000 dst_icmp "
    "2/160/1000000",
    "index_ports_900 1700002800 0: total 2/160/1000000 icmp 2/160/1000000 src 2/160/1000000 src_icmp 2/160/1000000",
    "index_ports_900 1700002800 128: total 2/160/1000000 icmp 2/160/1000000 dst 2/160/1000000 dst_icmp 2/160/1000000",
    "index_ports_900 1700002800 443: total 15/1700/2000000 tcp 15/1700/2000000 src 5/700/1000000 src_tcp 5/700/1000000 "
    "dst 10/1000/1000000 dst_tcp 10/1000/1000000",
    "index_ports_900 1700002800 5353: total 2/160/2000000 udp 2/160/2000000 src 1/80/1000000 src_udp 1/80/1000000 dst "
    "1/80/1000000 dst_udp 1/80/1000000",
    "index_ports_900 1700002800 50001: total 15/1700/2000000 tcp 15/1700/2000000 src 10/1000/1000000 src_tcp "
    "10/1000/1000000 dst 5/700/1000000 dst_tcp 5/700/1000000",
    "index_ports_900 1700003700 0: total 2/100/1000000 other 2/100/1000000 src 1/50/500000 src_other 1/50/500000 dst "
    "1/50/500000 dst_other 1/50/500000",
    "index_ports_900 1700004600 0: total 4/102/1000000 other 4/102/1000000 src 2/51/500000 src_other 2/51/500000 dst "
    "2/51/500000 dst_other 2/51/500000",
    "flows_1800 1700002800 10.0.0.1 10.0.0.1 5353 5353 17: 1/80/1000000",
    "flows_1800 1700002800 10.0.0.1 10.0.0.2 50001 443 6: 10/1000/1000000",
    "flows_1800 1700002800 10.0.0.2 10.0.0.1 443 50001 6: 5/700/1000000",
    "flows_1800 1700002800 10.0.0.2 10.0.0.3 0 0 47: 1/50/500000",
    "flows_1800 1700004600 10.0.0.2 10.0.0.3 0 0 47: 2/51/500000",
    "index_nodes_1800 1700002800 167772161: total 17/1860/4000000 tcp 15/1700/2000000 udp 2/160/2000000 src "
    "11/1080/2000000 src_tcp 10/1000/1000000 src_udp 1/80/1000000 dst 6/780/2000000 dst_tcp 5/700/1000000 dst_udp "
    "1/80/1000000",
    "index_nodes_1800 1700002800 167772162: total 16/1750/2500000 tcp 15/1700/2000000 other 1/50/500000 src "
    "6/750/1500000 src_tcp 5/700/1000000 src_other 1/50/500000 dst 10/1000/1000000 dst_tcp 10/1000/1000000",
    "index_nodes_1800 1700002800 167772163: total 1/50/500000 other 1/50/500000 dst 1/50/500000 dst_other 1/50/500000",
    "index_nodes_1800 1700004600 167772162: total 2/51/500000 other 2/51/500000 src 2/51/500000 src_other 2/51/500000",
    "index_nodes_1800 1700004600 167772163: total 2/51/500000 other 2/51/500000 dst 2/51/500000 dst_other 2/51/500000",
    "flows6_1800 1700002800 2001:db8::1 2001:db8::2 0 128 58: 2/160/1000000",
    "index_nodes6_1800 1700002800 2001:db8::1: total 2/160/1000000 icmp 2/160/1000000 src 2/160/1000000 src_icmp "
    "2/160/1000000",
    "index_nodes6_1800 1700002800 2001:db8::2: total 2/160/1000000 icmp 2/160/1000000 dst 2/160/1000000 dst_icmp "
    "2/160/1000000",
    "index_ports_1800 1700002800 0: total 4/260/2000000 icmp 2/160/1000000 other 2/100/1000000 src 3/210/1500000 "
    "src_icmp 2/160/1000000 src_other 1/50/500000 dst 1/50/500000 dst_other 1/50/500000",
    "index_ports_1800 1700002800 128: total 2/160/1000000 icmp 2/160/1000000 dst 2/160/1000000 dst_icmp 2/160/1000000",
    "index_ports_1800 1700002800 443: total 15/1700/2000000 tcp 15/1700/2000000 src 5/700/1000000 src_tcp "
    "5/700/1000000 dst 10/1000/1000000 dst_tcp 10/1000/1000000",
    "index_ports_1800 1700002800 5353: total 2/160/2000000 udp 2/160/2000000 src 1/80/1000000 src_udp 1/80/1000000 dst "
    "1/80/1000000 dst_udp 1/80/1000000",
    "index_ports_1800 1700002800 50001: total 15/1700/2000000 tcp 15/1700/2000000 src 10/1000/1000000 src_tcp "
    "10/1000/1000000 dst 5/700/1000000 dst_tcp 5/700/1000000",
    "index_ports_1800 1700004600 0: total 4/102/1000000 other 4/102/1000000 src 2/51/500000 src_other 2/51/500000 dst "
    "2/51/500000 dst_other 2/51/500000",
    "flows_aggr_600 1700002800: total 5/500/500000 tcp 5/500/500000",
    "flows_aggr_600 1700003400: total 13/1440/3500000 tcp 10/1200/1500000 udp 1/80/1000000 icmp 2/160/1000000",
    "flows_aggr_600 1700004000: total 1/50/500000 other 1/50/500000",
    "flows_aggr_600 1700004600: total 2/51/500000 other 2/51/500000",
    "index_nodes_600 1700002800 -1: total 5/500/500000 tcp 5/500/500000",
    "index_nodes_600 1700003400 -1: total 13/1440/3500000 tcp 10/1200/1500000 udp 1/80/1000000 icmp 2/160/1000000",
    "index_nodes_600 1700004000 -1: total 1/50/500000 other 1/50/500000",
    "index_nodes_600 1700004600 -1: total 2/51/500000 other 2/51/500000",
    "index_ports_600 1700002800 -1: total 5/500/500000 tcp 5/500/500000",
    "index_ports_600 1700003400 -1: total 13/1440/3500000 tcp 10/1200/1500000 udp 1/80/1000000 icmp 2/160/1000000",
    "index_ports_600 1700004000 -1: total 1/50/500000 other 1/50/500000",
    "index_ports_600 1700004600 -1: total 2/51/500000 other 2/51/500000",
    "flows_aggr_900 1700002800: total 18/1940/4000000 tcp 15/1700/2000000 udp 1/80/1000000 icmp 2/160/1000000",
    "flows_aggr_900 1700003700: total 1/50/500000 other 1/50/500000",
    "flows_aggr_900 1700004600: total 2/51/500000 other 2/51/500000",
    "index_nodes_900 1700002800 -1: total 18/1940/4000000 tcp 15/1700/2000000 udp 1/80/1000000 icmp 2/160/1000000",
    "index_nodes_900 1700003700 -1: total 1/50/500000 other 1/50/500000",
    "index_nodes_900 1700004600 -1: total 2/51/500000 other 2/51/500000",
    "index_ports_900 1700002800 -1: total 18/1940/4000000 tcp 15/1700/2000000 udp 1/80/1000000 icmp 2/160/1000000",
    "index_ports_900 1700003700 -1: total 1/50/500000 other 1/50/500000",
    "index_ports_900 1700004600 -1: total 2/51/500000 other 2/51/500000",
    "flows_aggr_1800 1700002800: total 19/1990/4500000 tcp 15/1700/2000000 udp 1/80/1000000 icmp 2/160/1000000 other "
    "1/50/500000",
    "flows_aggr_1800 1700004600: total 2/51/500000 other 2/51/500000",
    "index_nodes_1800 1700002800 -1: total 19/1990/4500000 tcp 15/1700/2000000 udp 1/80/1000000 icmp 2/160/1000000 "
    "other 1/50/500000",
    "index_nodes_1800 1700004600 -1: total 2/51/500000 other 2/51/500000",
    "index_ports_1800 1700002800 -1: total 19/1990/4500000 tcp 15/1700/2000000 udp 1/80/1000000 icmp 2/160/1000000 "
    "other 1/50/500000",
    "index_ports_1800 1700004600 -1: total 2/51/500000 other 2/51/500000",
    "index_nodes 167772161: total 17/1860/4000000 tcp 15/1700/2000000 udp 2/160/2000000 src 11/1080/2000000 src_tcp "
    "10/1000/1000000 src_udp 1/80/1000000 dst 6/780/2000000 dst_tcp 5/700/1000000 dst_udp 1/80/1000000",
    "index_nodes 167772162: total 18/1801/3000000 tcp 15/1700/2000000 other 3/101/1000000 src 8/801/2000000 src_tcp "
    "5/700/1000000 src_other 3/101/1000000 dst 10/1000/1000000 dst_tcp 10/1000/1000000",
    "index_nodes 167772163: total 3/101/1000000 other 3/101/1000000 dst 3/101/1000000 dst_other 3/101/1000000",
    "index_nodes6 2001:db8::1: total 2/160/1000000 icmp 2/160/1000000 src 2/160/1000000 src_icmp 2/160/1000000",
    "index_nodes6 2001:db8::2: total 2/160/1000000 icmp 2/160/1000000 dst 2/160/1000000 dst_icmp 2/160/1000000",
    "index_ports 0: total 8/362/3000000 icmp 2/160/1000000 other 6/202/2000000 src 5/261/2000000 src_icmp "
    "2/160/1000000 src_other 3/101/1000000 dst 3/101/1000000 dst_other 3/101/1000000",
    "index_ports 128: total 2/160/1000000 icmp 2/160/1000000 dst 2/160/1000000 dst_icmp 2/160/1000000",
    "index_ports 443: total 15/1700/2000000 tcp 15/1700/2000000 src 5/700/1000000 src_tcp 5/700/1000000 dst "
    "10/1000/1000000 dst_tcp 10/1000/1000000",
    "index_ports 5353: total 2/160/2000000 udp 2/160/2000000 src 1/80/1000000 src_udp 1/80/1000000 dst 1/80/1000000 "
    "dst_udp 1/80/1000000",
    "index_ports 50001: total 15/1700/2000000 tcp 15/1700/2000000 src 10/1000/1000000 src_tcp 10/1000/1000000 dst "
    "5/700/1000000 dst_tcp 5/700/1000000",
    "index_nodes -1: total 21/2041/5000000 tcp 15/1700/2000000 udp 1/80/1000000 icmp 2/160/1000000 other 3/101/1000000",
    "index_ports -1: total 21/2041/5000000 tcp 15/1700/2000000 udp 1/80/1000000 icmp 2/160/1000000 other 3/101/1000000",
};

static const char *const by_ports[] = {
    "flows_600 1700002800 443 50001: 5/500/500000",  "flows_600 1700003400 128 0: 2/160/1000000",
    "flows_600 1700003400 443 50001: 5/500/500000",  "flows_600 1700003400 5353 5353: 1/80/1000000",
    "flows_600 1700003400 50001 443: 5/700/1000000", "flows_600 1700004000 0 0: 1/50/500000",
    "flows_600 1700004600 0 0: 2/51/500000",
};

static const char *const by_protocol_and_destination[] = {
    "flows_600 1700002800 6 10.0.0.2 10.0.0.1: 5/500/500000",
    "flows_600 1700003400 6 10.0.0.1 10.0.0.2: 5/700/1000000",
    "flows_600 1700003400 6 10.0.0.2 10.0.0.1: 5/500/500000",
    "flows_600 1700003400 17 10.0.0.1 10.0.0.1: 1/80/1000000",
    "flows_600 1700004000 47 10.0.0.3 10.0.0.2: 1/50/500000",
    "flows_600 1700004600 47 10.0.0.3 10.0.0.2: 2/51/500000",
    "flows6_600 1700003400 58 2001:db8::2 2001:db8::1: 2/160/1000000",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void every_table(void **state) {
    (void)state;
    static const uint32_t sizes[] = {1800, 600, 900}, days[] = {1699920000};
    begin(FLOW_LAYOUT_KEYS, sizes, 3);
    flows_add();
    assert_int_equal(flush(NULL), STORE_OK);
    lines_are(standard, COUNT(standard), "");
    assert_int_equal(ledger.first_bucket, 1700002800);
    assert_int_equal(ledger.last_bucket, 1700004600);
    assert_int_equal(recorder.n_days, 1);
    assert_memory_equal(recorder.days, days, sizeof days);
    end();
}

static void ports_alone(void **state) {
    (void)state;
    static const uint32_t size = 600;
    begin("destinationTransportPort,sourceTransportPort", &size, 1);
    flows_add();
    assert_int_equal(flush(NULL), STORE_OK);
    lines_are(by_ports, COUNT(by_ports), "flows_600 ");
    lines_are(NULL, 0, "flows6");
    end();
}

static void keys_in_another_order(void **state) {
    (void)state;
    static const uint32_t size = 600;
    begin("protocolIdentifier,destinationIPv4Address,sourceIPv4Address", &size, 1);
    flows_add();
    assert_int_equal(flush(NULL), STORE_OK);
    lines_are(by_protocol_and_destination, 6, "flows_600 ");
    lines_are(by_protocol_and_destination + 6, 1, "flows6_600 ");
    end();
}

static void a_failed_commit_tries_again(void **state) {
    (void)state;
    static const uint32_t sizes[] = {600, 900, 1800};
    static const enum store_status failures[] = {STORE_RETRY, STORE_TAKEN, STORE_REFUSED};
    begin(FLOW_LAYOUT_KEYS, sizes, 3);
    flows_add();
    ledger_rows = 0;
    for (unsigned i = 0; i < 3; i++) {
        struct error error = {""};
        recorder.next = failures[i];
        assert_int_equal(flush(&error), failures[i]);
        assert_string_equal(error.text, "recorder: no luck");
        lines_are(standard, COUNT(standard), "");
    }
    assert_int_equal(flush(NULL), STORE_OK);
    lines_are(standard, COUNT(standard), "");
    assert_int_equal(ledger_rows, 4);
    end();
}

/* A generation of refused entries alone has a ledger row and nothing else. */
static void nothing_but_the_ledger(void **state) {
    (void)state;
    static const uint32_t sizes[] = {600, 900};
    begin(FLOW_LAYOUT_KEYS, sizes, 2);
    ledger_rows = 0;
    assert_int_equal(flush(NULL), STORE_OK);
    assert_int_equal(recorder.rows, 0);
    assert_int_equal(recorder.n_days, 0);
    assert_int_equal(ledger_rows, 1);
    assert_int_equal(ledger.first_bucket, 0);
    assert_int_equal(ledger.last_bucket, 0);
    end();
}

/* A bucket of a coarser size may begin the day before the finer one's. */
static void days_of_every_size(void **state) {
    (void)state;
    static const uint32_t sizes[] = {600, 7 * 3600}, days[] = {0, 86400, UINT32_MAX / 86400 * 86400};
    begin(FLOW_LAYOUT_KEYS, sizes, 2);
    struct tuple tuple = {1, 2, 3, 4, 6};
    const struct flow_record records[] = {
        record_make(&layout, FLOW_IPV4, tuple, 86400 + 60, 86400 + 60, 1, 1),
        record_make(&layout, FLOW_IPV6, tuple, UINT32_MAX - 3600, UINT32_MAX, 1, 1),
    };
    assert_true(cache_add(cache, &records[0], 1));
    assert_int_equal(flush(NULL), STORE_OK);
    assert_int_equal(recorder.n_days, 2);
    assert_memory_equal(recorder.days, days, 2 * sizeof days[0]);
    assert_true(cache_add(cache, &records[1], 1));
    assert_int_equal(flush(NULL), STORE_OK);
    assert_int_equal(recorder.n_days, 3);
    assert_memory_equal(recorder.days, days, sizeof days);
    assert_int_equal(ledger.first_bucket, 86400);
    assert_int_equal(ledger.last_bucket, UINT32_MAX / 600 * 600);
    end();
}

/* The sums of a table's rows: group by group what the flows had. */
static void table_adds_up(const struct table *table, uint64_t sums[2][SCHEMA_VALUES_MAX], const uint64_t *classes) {
    static const unsigned sides_at[] = {0, 15, 30};
    bool index = table->kind == TABLE_NODES || table->kind == TABLE_PORTS;
    for (unsigned value = 0; value < 3; value++) {
        uint64_t all = 0;
        for (unsigned class = 0; class < PROTO_CLASSES; class ++)
            all += classes[class * 3 + value];
        assert_int_equal(sums[0][value], index ? 2 * all : all);
        if (schema_is_flows(table)) continue;
        for (unsigned side = 0; side < (index ? 3 : 1); side++)
            for (unsigned class = 0; class < PROTO_CLASSES; class ++)
                assert_int_equal(sums[0][sides_at[side] + 3 * (1 + class) + value],
                                 classes[class * 3 + value] * (index && side == 0 ? 2 : 1));
        if (index && table->family == FLOW_IPV4) assert_int_equal(sums[1][15 + value], 0);
    }
}

/* Random flows of few hosts over two days: rows in order (checked as they are put), every table adds up. */
static void thousands_of_flows(void **state) {
    (void)state;
    static const uint32_t sizes[] = {60, 90, 600, 3600};
    static const uint8_t protocols[] = {6, 17, 1, 58, 47};
    uint64_t seed = 4, classes[FLOW_FAMILIES][PROTO_CLASSES * 3] = {{0}}, both[PROTO_CLASSES * 3] = {0};
    begin(FLOW_LAYOUT_KEYS, sizes, 4);
    assert_int_equal(rollups_add(&schema, "30m: dst service; 1h: service proto; 1d: sport; 1d: service src", NULL), 0);
    recorder.quiet = true;
    for (unsigned i = 0; i < 5000; i++) {
        enum flow_family family = random_below(&seed, 3) == 0 ? FLOW_IPV6 : FLOW_IPV4;
        struct tuple tuple = {(uint32_t)random_below(&seed, 40) << 25, (uint32_t)random_below(&seed, 40),
                              (uint16_t)random_next(&seed), (uint16_t)random_below(&seed, 30),
                              protocols[random_below(&seed, sizeof protocols)]};
        uint32_t start = 1700003000 + (uint32_t)random_below(&seed, 2 * 86400);
        uint64_t octets = random_below(&seed, 1 << 20), packets = random_below(&seed, 100);
        struct flow_record record =
            record_make(&layout, family, tuple, start, start + (uint32_t)random_below(&seed, 1500), packets, octets);
        assert_true(cache_add(cache, &record, 1));
        const uint64_t sums[] = {packets, octets, FLOW_UNIT};
        for (unsigned value = 0; value < 3; value++) {
            classes[family][proto_class(tuple.protocol) * 3 + value] += sums[value];
            both[proto_class(tuple.protocol) * 3 + value] += sums[value];
        }
    }
    assert_int_equal(flush(NULL), STORE_OK);
    for (unsigned i = 0; i < schema.n_tables; i++) {
        const struct table *table = &schema.tables[i];
        bool one_family = table->kind == TABLE_FLOWS || table->kind == TABLE_NODES ||
                          (table->kind == TABLE_ROLLUP && schema.rollups[table->rollup].has_addresses);
        table_adds_up(table, recorder.sums[i], one_family ? classes[table->family] : both);
    }
    /* Each table is one run; the two index tables have their totals in another, for each size and for all time. */
    assert_int_equal(recorder.runs, 4 * 6 + 6 + 3 + 5 * 2);
    assert_int_equal(recorder.n_days, 3);
    end();
}

static int memory_row(void *context, const uint8_t *key, const uint64_t *values) {
    row_show(context, &schema, schema_table(&schema, TABLE_FLOWS, FLOW_IPV6, 600), key, values);
    return 0;
}

static void memory_has(struct store *store, const char *text) {
    struct buffer lines = BUFFER_INIT;
    buffer_add_text(&lines, "");
    const struct table *table = schema_table(&schema, TABLE_FLOWS, FLOW_IPV6, 600);
    assert_int_equal(memory_walk(store, table, memory_row, &lines, NULL), STORE_OK);
    assert_string_equal(lines.data, text);
    buffer_release(&lines);
}

/* In a real store each generation counts once, and generations add up. */
static void generations_add_up(void **state) {
    (void)state;
    static const uint32_t size = 600;
    static const struct store_config config = {.url = "memory:"};
    struct error error = {""};
    struct store *store;
    begin(FLOW_LAYOUT_KEYS, &size, 1);
    flows_add();
    assert_int_equal(store_open(&store, &config, &schema, &error), STORE_OK);
    memory_fail_commits(1, STORE_RETRY);
    assert_int_equal(flush_cache(cache, NULL, NULL, &layout, &schema, store, &ledger, &error), STORE_RETRY);
    memory_has(store, "");
    assert_int_equal(flush_cache(cache, NULL, NULL, &layout, &schema, store, &ledger, &error), STORE_OK);
    memory_has(store, "flows6_600 1700003400 2001:db8::1 2001:db8::2 0 128 58: 2/160/1000000\n");
    assert_int_equal(flush_cache(cache, NULL, NULL, &layout, &schema, store, &ledger, &error), STORE_TAKEN);
    ledger.id.generation = 2;
    assert_int_equal(flush_cache(cache, NULL, NULL, &layout, &schema, store, &ledger, &error), STORE_OK);
    memory_has(store, "flows6_600 1700003400 2001:db8::1 2001:db8::2 0 128 58: 4/320/2000000\n");
    store_close(store);
    end();
}

static int wide_row(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    char text[SUM_DIGITS + 1];
    (void)lengths;
    for (unsigned i = 0; i < n; i++)
        buffer_printf(context, "%s%s", i ? " " : "", sum_text(sum_read(columns[i]), 0, text));
    buffer_add_text(context, "\n");
    return 0;
}

static void sums_are(struct store *store, const char *sql, const char *expected) {
    struct buffer text = BUFFER_INIT;
    assert_int_equal(store_query(store, sql, NULL, 0, wide_row, &text, NULL), STORE_OK);
    assert_string_equal(text.data, expected);
    buffer_release(&text);
}

/* Of a bucket's rows they are cut; the tables for all time have what the flows had. */
static void sums_of_all_time_are_exact(void **state) {
    (void)state;
    static const uint32_t size = 600;
    static const struct store_config config = {.url = "memory:"};
    struct error error = {""};
    struct store *store;
    begin(FLOW_LAYOUT_KEYS, &size, 1);
    for (unsigned i = 0; i < 5; i++) {
        const struct flow_record record = record_make(&layout, FLOW_IPV4, (struct tuple){1, 1, 80, 81, i < 3 ? 6 : 17},
                                                      1700003395, 1700003404, SUM_MOST - i, SUM_MOST);
        assert_true(cache_add(cache, &record, 1));
        ledger.sums[0] += record.sums[0];
        ledger.sums[1] += record.sums[1];
    }
    assert_int_equal(store_open(&store, &config, &schema, &error), STORE_OK);
    assert_int_equal(flush_cache(cache, NULL, NULL, &layout, &schema, store, &ledger, &error), STORE_OK);
    ledger.id.generation = 2;
    assert_int_equal(flush_cache(cache, NULL, NULL, &layout, &schema, store, &ledger, &error), STORE_OK);
    sums_are(store, "SELECT packetDeltaCount, octetDeltaCount, flows_millionths FROM flows_aggr_600_data",
             "9223372036854775807 9223372036854775807 5000000\n9223372036854775807 9223372036854775807 5000000\n");
    sums_are(store,
             "SELECT packetDeltaCount, octetDeltaCount, tcp_octetDeltaCount, flows_millionths FROM index_ports_data "
             "WHERE id = -1",
             "92233720368547758050 92233720368547758070 55340232221128654842 10000000\n");
    sums_are(store,
             "SELECT octetDeltaCount, src_octetDeltaCount, udp_octetDeltaCount FROM index_nodes_data WHERE id = 1",
             "184467440737095516140 92233720368547758070 73786976294838206456\n");
    sums_are(store, "SELECT SUM(packetDeltaCount), SUM(octetDeltaCount), COUNT(*) FROM import_ledger",
             "92233720368547758050 92233720368547758070 2\n");
    store_close(store);
    end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_all_time_are_exact),
        cmocka_unit_test(every_table),
        cmocka_unit_test(rollups),
        cmocka_unit_test(ports_alone),
        cmocka_unit_test(keys_in_another_order),
        cmocka_unit_test(a_failed_commit_tries_again),
        cmocka_unit_test(nothing_but_the_ledger),
        cmocka_unit_test(days_of_every_size),
        cmocka_unit_test(thousands_of_flows),
        cmocka_unit_test(generations_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
