/* Roll-ups out of their text, and the service in SQL. */
#include "store_env.h"

#include <sqlite3.h>

#include "flow/service.h"
#include "store/rollup.h"

static const uint32_t sizes[] = {600, 60};

static void schema_make(struct env *env, const char *keys) {
    memset(env, 0, sizeof *env);
    env_schema(env, keys, FLOW_LAYOUT_SUMS, sizes, 2);
}

static void a_text_is_shown_in_one_way(void **state) {
    static const struct {
        const char *text, *shown, *tables;
    } cases[] = {
        {"", "none", ""},
        {"none", "none", ""},
        {" none", "none", ""},
        {"1d: src dst service", "86400: src dst service", "rollup_src_dst_service_86400 rollup6_src_dst_service_86400"},
        {"3600s:sourceIPv6Address,destinationTransportPort ;", "3600: src dport",
         "rollup_src_dport_3600 rollup6_src_dport_3600"},
        {"86400: service ; 60m: in out exporter; 1h: exporterIPv4Address",
         "3600: exporter; 3600: in out exporter; "
         "86400: service",
         "rollup_exporter_3600 rollup_in_out_exporter_3600 rollup_service_86400"},
        {"12h: vlanId service proto", "43200: vlanId service proto", "rollup_vlanId_service_proto_43200"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct env env;
        struct error error = {""};
        struct buffer shown = BUFFER_INIT, again = BUFFER_INIT, tables = BUFFER_INIT;
        schema_make(&env, FLOW_LAYOUT_KEYS ",exporterIPv4Address,ingressInterface,egressInterface,vlanId");
        if (rollups_add(&env.schema, cases[i].text, &error) != 0) fail_msg("%s: %s", cases[i].text, error.text);
        rollups_show(&env.schema, &shown);
        assert_string_equal(shown.data, cases[i].shown);
        for (unsigned t = 0; t < env.schema.n_tables; t++)
            if (env.schema.tables[t].kind == TABLE_ROLLUP)
                buffer_printf(&tables, "%s%s", tables.len ? " " : "", env.schema.tables[t].name);
        assert_string_equal(tables.data ? tables.data : "", cases[i].tables);
        schema_make(&env, FLOW_LAYOUT_KEYS ",exporterIPv4Address,ingressInterface,egressInterface,vlanId");
        assert_int_equal(rollups_add(&env.schema, shown.data, &error), 0);
        rollups_show(&env.schema, &again);
        assert_string_equal(again.data, shown.data);
        buffer_release(&shown);
        buffer_release(&again);
        buffer_release(&tables);
    }
}

static void what_is_no_rollup_is_refused(void **state) {
    static const char size[] = "' is not a bucket size: expected seconds that divide a day, such as 3600 or 1d";
    static const struct {
        const char *text, *value, *reason;
    } cases[] = {
        {"src dst", "'src dst", "': expected a bucket size, a colon and keys, such as 1d: src dst service"},
        {"7: src", "'7", size},
        {"0: src", "'0", size},
        {": src", "'", size},
        {"2d: src", "'2d", size},
        {"1x: src", "'1x", size},
        {"99999999999999999999: src", "'99999999999999999999", size},
        {"30: src", "30", " is not a multiple of one of bucket_sizes"},
        {"1d:", "'1d:", "' has no keys"},
        {"1d: src; ; 1h: dst", "'", "': expected a bucket size, a colon and keys, such as 1d: src dst service"},
        {"1d: src src", "'src", "' is repeated"},
        {"1d: src sourceIPv6Address", "'sourceIPv6Address", "' is repeated"},
        {"1d: exporter", "'exporter", "' is not a key of aggr_values, and not service"},
        {"1d: port", "'port", "' is not a key of aggr_values, and not service"},
        {"1d: src; 86400: src", "86400: src", " is repeated"},
        {"1d:src;1h:src;1m:src;2h:src;3h:src;4h:src;6h:src;8h:src;12h:src", "at most 8", " roll-ups"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct env env;
        struct error error = {""};
        char expected[ERROR_TEXT_MAX];
        schema_make(&env, FLOW_LAYOUT_KEYS);
        unsigned n = env.schema.n_tables;
        if (rollups_add(&env.schema, cases[i].text, &error) == 0) fail_msg("'%s' is accepted", cases[i].text);
        snprintf(expected, sizeof expected, "%s%s", cases[i].value, cases[i].reason);
        assert_string_equal(error.text, expected);
        assert_int_equal(env.schema.n_tables, n);
        assert_int_equal(env.schema.n_rollups, 0);
    }
}

static void the_service_requires_ports_and_protocol(void **state) {
    struct env env;
    struct error error = {""};
    (void)state;
    schema_make(&env, "sourceIPv4Address,sourceTransportPort,protocolIdentifier");
    assert_int_equal(rollups_add(&env.schema, "1d: service", &error), -1);
    assert_string_equal(error.text, "service requires the key destinationTransportPort in aggr_values");
}

/* The longest names that there can be are within what MySQL takes. */
static void names_are_bounded(void **state) {
    static const char keys[] = "bgpSourceAsNumber,bgpDestinationAsNumber,ingressPhysicalInterface";
    struct env env;
    struct error error = {""};
    (void)state;
    schema_make(&env, keys);
    assert_int_equal(rollups_add(&env.schema, "1d: bgpSourceAsNumber bgpDestinationAsNumber", &error), 0);
    for (unsigned i = 0; i < env.schema.n_tables; i++)
        assert_true(strlen(env.schema.tables[i].data) <= 64);
    schema_make(&env, keys);
    assert_int_equal(
        rollups_add(&env.schema, "1d: bgpSourceAsNumber bgpDestinationAsNumber ingressPhysicalInterface", &error), -1);
    assert_string_equal(error.text,
                        "'ingressPhysicalInterface' makes the table's name too long: at most 45 characters of keys");
}

/* SQL's service is service_of(), for ports at each of its bounds. */
static void the_service_in_sql(void **state) {
    static const unsigned more[] = {0,    1,    22,    80,    443,   1023,  1024,  1025, 1500,
                                    2000, 9999, 32766, 32767, 32768, 32769, 51821, 65535};
    enum { MORE = sizeof more / sizeof more[0] };
    struct buffer sql = BUFFER_INIT;
    sqlite3 *db;
    sqlite3_stmt *statement;
    unsigned n = MORE + service_n_registered, checked = 0;
    (void)state;
    buffer_add_text(&sql, "SELECT ");
    rollup_service_sql(&sql);
    buffer_add_text(&sql, " FROM (SELECT ? AS sourceTransportPort, ? AS destinationTransportPort, ? AS "
                          "protocolIdentifier)");
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql.data, -1, &statement, NULL), SQLITE_OK);
    for (unsigned a = 0; a < n; a++)
        for (unsigned b = 0; b < n; b++) {
            static const uint8_t protocols[] = {6, 1, 17, 132, 47};
            uint16_t source = (uint16_t)(a < MORE ? more[a] : service_registered[a - MORE]);
            uint16_t destination = (uint16_t)(b < MORE ? more[b] : service_registered[b - MORE]);
            uint8_t protocol = protocols[checked++ % 5];
            sqlite3_bind_int(statement, 1, source);
            sqlite3_bind_int(statement, 2, destination);
            sqlite3_bind_int(statement, 3, protocol);
            assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
            if (sqlite3_column_int(statement, 0) != service_of(source, destination, protocol))
                fail_msg("%u and %u, protocol %u: %d", source, destination, protocol, sqlite3_column_int(statement, 0));
            sqlite3_reset(statement);
        }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    buffer_release(&sql);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_shown_in_one_way),
        cmocka_unit_test(what_is_no_rollup_is_refused),
        cmocka_unit_test(the_service_requires_ports_and_protocol),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(the_service_in_sql),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
