/* The statements that make a reading head. */
#include "store/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/ddl.h"

static const struct head_store stores[] = {
    {.host = "db1", .port = 3306, .user = "reader", .database = "flows"},
    {.host = "localhost", .socket = "/run/my.sock", .port = 3306, .user = "r", .database = "other"},
};

static void schema_make(struct schema *schema, struct flow_layout *layout) {
    static const uint32_t sizes[] = {600};
    struct error error;
    if (flow_layout_init(layout, "protocolIdentifier", "octetDeltaCount", &error) != 0) fail_msg("%s", error.text);
    schema_init(schema, layout, sizes, 1);
}

static unsigned count_of(const char *text, const char *part) {
    unsigned n = 0;
    for (; (text = strstr(text, part)); text++)
        n++;
    return n;
}

static void has(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("'%s' is not in\n%s", part, text);
}

static void tables_of_a_head(void **state) {
    static const struct {
        const char *name, *sql;
    } expected[] = {
        {"flows_600_data", "CREATE TABLE flows_600_data (\n"
                           "  bucket INT UNSIGNED NOT NULL,\n"
                           "  protocolIdentifier TINYINT UNSIGNED NOT NULL,\n"
                           "  octetDeltaCount BIGINT UNSIGNED NOT NULL DEFAULT 0,\n"
                           "  flows_millionths BIGINT UNSIGNED NOT NULL DEFAULT 0,\n"
                           "  KEY (bucket, protocolIdentifier)\n"
                           ") ENGINE=SPIDER DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin "
                           "COMMENT='wrapper \"mysql\", table \"flows_600_data\"'\n"
                           "PARTITION BY KEY (flows_millionths) (\n"
                           "  PARTITION store_1 COMMENT='srv \"all_1\"',\n"
                           "  PARTITION store_2 COMMENT='srv \"all_2\"')"},
        {"flowimport_schema", "CREATE TABLE flowimport_schema (\n"
                              "  name VARCHAR(64) NOT NULL,\n"
                              "  value VARCHAR(2048) CHARACTER SET ascii NOT NULL,\n"
                              "  KEY (name)\n"
                              ") ENGINE=SPIDER DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin "
                              "COMMENT='wrapper \"mysql\", table \"flowimport_schema\"'\n"
                              "PARTITION BY KEY (value) (\n"
                              "  PARTITION store_1 COMMENT='srv \"all_1\"',\n"
                              "  PARTITION store_2 COMMENT='srv \"all_2\"')"},
    };
    struct flow_layout layout;
    struct schema schema;
    unsigned n_found = 0;
    (void)state;
    schema_make(&schema, &layout);
    for (unsigned i = 0; i < ddl_count(&schema); i++) {
        char name[SCHEMA_NAME_MAX];
        struct buffer sql = BUFFER_INIT;
        if (ddl_is_view(&schema, i)) continue;
        ddl_name(&schema, i, name, sizeof name);
        ddl_create_head(&schema, i, "all", 2, &sql);
        /* With a primary key, a condition on all of it would ask one store alone. */
        assert_null(strstr(sql.data, "PRIMARY"));
        assert_int_equal(count_of(sql.data, "PARTITION store_"), 2);
        for (size_t e = 0; e < sizeof expected / sizeof expected[0]; e++)
            if (strcmp(expected[e].name, name) == 0) {
                assert_string_equal(sql.data, expected[e].sql);
                n_found++;
            }
        if (strcmp(name, "index_ports_600_data") == 0) has(sql.data, "KEY (bucket, id),\n  KEY id (id, bucket)\n");
        /* Of which some stores' may be wide already, and what they compute. */
        if (strcmp(name, "index_nodes_data") == 0) has(sql.data, "  octetDeltaCount DECIMAL(36,0) NOT NULL DEFAULT 0,");
        if (strcmp(name, "import_ledger") == 0) has(sql.data, "  octetDeltaCount DECIMAL(36,0) NOT NULL,");
        if (strcmp(name, "import_ledger") == 0) has(sql.data, "  flows DECIMAL(20,6),\n");
        buffer_release(&sql);
    }
    assert_int_equal(n_found, sizeof expected / sizeof expected[0]);
}

static void all_of_a_head_is_printed(void **state) {
    struct flow_layout layout;
    struct schema schema;
    struct buffer out = BUFFER_INIT;
    (void)state;
    schema_make(&schema, &layout);
    head_print(&schema, "all", stores, 2, &out);
    assert_int_equal(count_of(out.data, ";\n"), 2 + ddl_count(&schema));
    has(out.data, "CREATE OR REPLACE SERVER `all_1` FOREIGN DATA WRAPPER mysql OPTIONS (\n"
                  "  HOST 'db1', PORT 3306, DATABASE 'flows', USER 'reader', PASSWORD '***');\n");
    has(out.data, "CREATE OR REPLACE SERVER `all_2` FOREIGN DATA WRAPPER mysql OPTIONS (\n"
                  "  HOST 'localhost', SOCKET '/run/my.sock', DATABASE 'other', USER 'r', PASSWORD '***');\n");
    has(out.data, "CREATE OR REPLACE SQL SECURITY INVOKER VIEW flows_600 AS\n");
    /* Neither of which would fail where the tables of a store are. */
    assert_null(strstr(out.data, "IF NOT EXISTS"));
    assert_null(strstr(out.data, "REPLACE TABLE"));
    buffer_release(&out);
}

static void what_stands_between_quotes(void **state) {
    static const char *const wrong[] = {"a'b", "a\"b", "a`b", "a\\b", "a\nb", "\x01"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(head_is_plain(wrong[i]));
    assert_true(head_is_plain("2001:db8::1"));
    assert_true(head_is_plain("/run/my sock"));
    assert_true(head_is_plain(""));
    assert_true(head_is_plain("f\xc3\xbc"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_of_a_head),
        cmocka_unit_test(all_of_a_head_is_printed),
        cmocka_unit_test(what_stands_between_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
