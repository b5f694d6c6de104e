/* How fast a flush is: rows per second through our store, against LOAD DATA LOCAL of the same sorted rows (for new
 * rows) and 1,000-row text INSERT … ON DUPLICATE KEY UPDATE (for rows that exist). The floors write into tables of the
 * plain shape, with flows as DECIMAL(20,6). The pairs run in turn, medians are printed.
 *
 *   bench_flush mysql://root@localhost/bench?socket=/path [rows] [rounds]
 *
 * The database should be empty; what was written is removed in the end. */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/buffer.h"
#include "base/mem.h"
#include "base/url.h"
#include "store/store.h"

enum { ROUNDS_MAX = 31, TEXT_ROWS = 1000, BUCKET = 1700000400, KEY_BYTES = 17 };

struct row {
    uint8_t key[KEY_BYTES]; /* bucket, addresses, ports, protocol, as the store takes them */
    uint64_t values[3];
};

static struct row *rows;
static unsigned n_rows = 300000, rounds = 7;
static int64_t generation;
static MYSQL *mysql;
static char load_path[] = "/tmp/flowimport-bench-XXXXXX";

static const char columns[] =
    "bucket, sourceIPv4Address, destinationIPv4Address, sourceTransportPort, destinationTransportPort, "
    "protocolIdentifier, packetDeltaCount, octetDeltaCount, flows";

static void fail(const char *what, const char *text) {
    fprintf(stderr, "bench_flush: %s: %s\n", what, text);
    exit(1);
}

static void run(const char *sql, size_t len) {
    if (mysql_real_query(mysql, sql, (unsigned long)len) != 0) fail("query", mysql_error(mysql));
    mysql_free_result(mysql_store_result(mysql));
}

static void run_text(const char *sql) { run(sql, strlen(sql)); }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint32_t random_next(void) { /* xorshift: the same rows in every run */
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static int row_compare(const void *a, const void *b) { return memcmp(a, b, KEY_BYTES); }

static void rows_make(void) {
    rows = mem_zalloc(n_rows, sizeof rows[0]);
    for (unsigned i = 0; i < n_rows; i++) {
        uint8_t *key = rows[i].key;
        be_put(key, BUCKET, 4);
        be_put(key + 4, 0x0a000000 + random_next() % 20000, 4);
        be_put(key + 8, random_next(), 4);
        be_put(key + 12, 1024 + random_next() % 60000, 2);
        be_put(key + 14, random_next() % 3 ? 443 : 53, 2);
        key[16] = random_next() % 4 ? 6 : 17;
        rows[i].values[0] = 1 + random_next() % 1000;
        rows[i].values[1] = rows[i].values[0] * (40 + random_next() % 1460);
        rows[i].values[2] = random_next() % 3 ? FLOW_UNIT : random_next() % FLOW_UNIT;
    }
    qsort(rows, n_rows, sizeof rows[0], row_compare);
}

static void row_text(struct buffer *out, const struct row *row, const char *separator) {
    const uint8_t *key = row->key;
    const uint64_t *values = row->values;
    buffer_printf(out, "%u%s%u%s%u%s%u%s%u%s%u", be32(key), separator, be32(key + 4), separator, be32(key + 8),
                  separator, be16(key + 12), separator, be16(key + 14), separator, key[16]);
    buffer_printf(out, "%s%lu%s%lu%s%lu.%06lu", separator, values[0], separator, values[1], separator,
                  values[2] / FLOW_UNIT, values[2] % FLOW_UNIT);
}

static void load_file_write(void) {
    struct buffer text = BUFFER_INIT;
    int file = mkstemp(load_path);
    for (unsigned i = 0; i < n_rows; i++) {
        row_text(&text, &rows[i], "\t");
        buffer_add_text(&text, "\n");
    }
    if (file < 0 || write(file, text.data, text.len) != (ssize_t)text.len) fail(load_path, "can't be written");
    close(file);
    buffer_release(&text);
}

static void floor_table_make(const char *name, bool virtual_columns) {
    struct buffer sql = BUFFER_INIT;
    static const char *const classes[][2] = {{"tcp", "protocolIdentifier = 6"},
                                             {"udp", "protocolIdentifier = 17"},
                                             {"icmp", "protocolIdentifier IN (1, 58)"},
                                             {"other", "protocolIdentifier NOT IN (6, 17, 1, 58)"}};
    static const char *const sums[] = {"packetDeltaCount", "octetDeltaCount", "flows"};
    buffer_printf(&sql, "DROP TABLE IF EXISTS %s", name);
    run_text(sql.data);
    buffer_clear(&sql);
    buffer_printf(
        &sql,
        "CREATE TABLE %s (bucket INT UNSIGNED NOT NULL, sourceIPv4Address INT UNSIGNED NOT NULL, "
        "destinationIPv4Address INT UNSIGNED NOT NULL, sourceTransportPort SMALLINT UNSIGNED NOT NULL, "
        "destinationTransportPort SMALLINT UNSIGNED NOT NULL, protocolIdentifier TINYINT UNSIGNED NOT NULL, "
        "packetDeltaCount BIGINT UNSIGNED NOT NULL DEFAULT 0, octetDeltaCount BIGINT UNSIGNED NOT NULL DEFAULT 0, "
        "flows DECIMAL(20,6) NOT NULL DEFAULT 0",
        name);
    for (unsigned i = 0; virtual_columns && i < 12; i++)
        buffer_printf(&sql, ", %s_%s %s AS (IF(%s, %s, 0)) VIRTUAL", classes[i / 3][0], sums[i % 3],
                      i % 3 == 2 ? "DECIMAL(20,6)" : "BIGINT UNSIGNED", classes[i / 3][1], sums[i % 3]);
    buffer_add_text(&sql, ", PRIMARY KEY (bucket, sourceIPv4Address, destinationIPv4Address, sourceTransportPort, "
                          "destinationTransportPort, protocolIdentifier)) ENGINE=InnoDB PARTITION BY RANGE (bucket) ("
                          "PARTITION gap VALUES LESS THAN (1699920000), PARTITION d VALUES LESS THAN (1700006400))");
    run_text(sql.data);
    buffer_release(&sql);
}

static double floor_load(const char *table) {
    struct buffer sql = BUFFER_INIT;
    buffer_printf(&sql, "LOAD DATA LOCAL INFILE '%s' INTO TABLE %s (%s)", load_path, table, columns);
    double start = now();
    run_text(sql.data);
    double seconds = now() - start;
    buffer_release(&sql);
    return n_rows / seconds;
}

static double floor_text(const char *table) {
    struct buffer sql = BUFFER_INIT;
    double start = now();
    run_text("START TRANSACTION");
    for (unsigned i = 0; i < n_rows;) {
        buffer_clear(&sql);
        buffer_printf(&sql, "INSERT INTO %s (%s) VALUES ", table, columns);
        for (unsigned first = i; i < n_rows && i < first + TEXT_ROWS; i++) {
            buffer_add_text(&sql, i > first ? ",(" : "(");
            row_text(&sql, &rows[i], ",");
            buffer_add_text(&sql, ")");
        }
        buffer_add_text(&sql, " ON DUPLICATE KEY UPDATE packetDeltaCount=packetDeltaCount+VALUES(packetDeltaCount),"
                              "octetDeltaCount=octetDeltaCount+VALUES(octetDeltaCount),flows=flows+VALUES(flows)");
        run(sql.data, sql.len);
    }
    run_text("COMMIT");
    buffer_release(&sql);
    return n_rows / (now() - start);
}

static double ours(struct store *store, const struct table *table) {
    static const uint32_t buckets[] = {BUCKET};
    struct error error;
    struct ledger_row ledger = {.id = {"bench", ++generation}};
    double start = now();
    store_begin(store, &ledger, buckets, 1);
    for (unsigned i = 0; i < n_rows; i++)
        store_put(store, table, rows[i].key, rows[i].values);
    if (store_commit(store, &error) != STORE_OK) fail("our store", error.text);
    return n_rows / (now() - start);
}

static int number_compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double median(double *numbers) {
    qsort(numbers, rounds, sizeof numbers[0], number_compare);
    return numbers[rounds / 2];
}

enum { LOAD, NEW, TEXT, TEXT_VIRTUAL, EXISTING, NEW_TEXT_FORM, EXISTING_TEXT_FORM, MEASURES };

static void measure(struct store *store, struct store *without_bulk, const struct table *table) {
    static double speeds[MEASURES][ROUNDS_MAX];
    floor_table_make("floor_virtual", true);
    floor_load("floor_virtual");
    for (unsigned i = 0; i < rounds; i++) {
        floor_table_make("floor_plain", false);
        speeds[LOAD][i] = floor_load("floor_plain");
        run_text("TRUNCATE TABLE flows_600_data");
        speeds[NEW][i] = ours(store, table);
        speeds[TEXT][i] = floor_text("floor_plain");
        speeds[EXISTING][i] = ours(store, table);
        speeds[TEXT_VIRTUAL][i] = floor_text("floor_virtual");
        speeds[EXISTING_TEXT_FORM][i] = ours(without_bulk, table);
        run_text("TRUNCATE TABLE flows_600_data");
        speeds[NEW_TEXT_FORM][i] = ours(without_bulk, table);
    }
    double load = median(speeds[LOAD]), fresh = median(speeds[NEW]), text = median(speeds[TEXT]),
           existing = median(speeds[EXISTING]), text_virtual = median(speeds[TEXT_VIRTUAL]);
    printf("flush of %u sorted five-tuple rows, rows/s, median of %u rounds\n", n_rows, rounds);
    printf("  new:      LOAD DATA LOCAL %9.0f   our store %9.0f   ratio %.2f (to reach: 1.0)\n", load, fresh,
           fresh / load);
    printf("  existing: text upsert     %9.0f   our store %9.0f   ratio %.2f (to reach: 1.5)\n", text, existing,
           existing / text);
    printf("  existing: text upsert with virtual columns  %9.0f   ratio %.2f\n", text_virtual, existing / text_virtual);
    printf("  our store without array binding: new %9.0f   existing %9.0f\n", median(speeds[NEW_TEXT_FORM]),
           median(speeds[EXISTING_TEXT_FORM]));
}

static void floor_connect(const char *text) {
    struct url url;
    struct error error;
    unsigned local = 1;
    if (url_parse(&url, text, &error) != 0) fail("URL", error.text);
    mysql = mysql_init(NULL);
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &local);
    if (!mysql_real_connect(mysql, url.host, url.user, url.password, url.path + 1, (unsigned)url.port,
                            url_param(&url, "socket"), 0))
        fail(text, mysql_error(mysql));
    url_release(&url);
}

int main(int argc, char **argv) {
    static const uint32_t sizes[] = {600};
    struct flow_layout layout;
    struct schema schema;
    struct error error;
    struct store *store, *without_bulk;
    if (argc < 2) fail("usage", "bench_flush mysql://user@host/database [rows] [rounds]");
    if (argc > 2) n_rows = (unsigned)strtoul(argv[2], NULL, 10);
    if (argc > 3) rounds = (unsigned)strtoul(argv[3], NULL, 10);
    if (n_rows == 0 || rounds == 0 || rounds > ROUNDS_MAX) fail("usage", "rows from 1, rounds from 1 to 31");
    if (flow_layout_init(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, &error) != 0) fail("layout", error.text);
    schema_init(&schema, &layout, sizes, 1);
    rows_make();
    load_file_write();
    floor_connect(argv[1]);
    if (store_open(&store, &(struct store_config){.url = argv[1]}, &schema, &error) != STORE_OK)
        fail("store", error.text);
    char *url = mem_printf("%s%sbulk=no", argv[1], strchr(argv[1], '?') ? "&" : "?");
    if (store_open(&without_bulk, &(struct store_config){.url = url}, &schema, &error) != STORE_OK)
        fail("store", error.text);
    run_text("DELETE FROM import_ledger WHERE consumer = 'bench'");
    measure(store, without_bulk, schema_table(&schema, TABLE_FLOWS, FLOW_IPV4, 600));
    unlink(load_path);
    run_text("DROP TABLE floor_plain, floor_virtual");
    run_text("TRUNCATE TABLE flows_600_data");
    run_text("DELETE FROM import_ledger WHERE consumer = 'bench'");
    store_close(store);
    store_close(without_bulk);
    mysql_close(mysql);
    free(url);
    free(rows);
    return 0;
}
