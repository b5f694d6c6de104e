/* flow-inspector's paths on a store in memory: answers to the letter, and what is refused of tables with other keys. */
#include "http/api.h"

#include "store_env.h"

struct ask {
    const char *path;
    struct api_param params[4];
    int status;
    const char *body;
};

#define ZERO "{\"packetDeltaCount\":0,\"octetDeltaCount\":0,\"flows\":0}"
#define NO_CLASSES "\"tcp\":" ZERO ",\"udp\":" ZERO ",\"icmp\":" ZERO ",\"other\":" ZERO

static const struct api_endpoint *endpoint_find(const char *path) {
    for (unsigned i = 0; i < api_n_original_endpoints; i++)
        if (strcmp(api_original_endpoints[i].path, path) == 0) return &api_original_endpoints[i];
    fail_msg("no path %s", path);
    return NULL;
}

static void ask_check(const struct env *env, const struct ask *ask) {
    struct api_call call = {.store = env->store,
                            .schema = &env->schema,
                            .params = ask->params,
                            .now = T0 + 90000,
                            .status = 200,
                            .type = "application/json"};
    while (call.n_params < 4 && ask->params[call.n_params].name)
        call.n_params++;
    endpoint_find(ask->path)->run(&call);
    assert_string_equal(call.body.data, ask->body);
    assert_int_equal(call.status, ask->status);
    assert_string_equal(call.type, "application/json");
    buffer_release(&call.body);
}

static void asks_check(const struct env *env, const struct ask *asks, size_t n) {
    for (size_t i = 0; i < n; i++)
        ask_check(env, &asks[i]);
}

#define VALUES(packets, octets, flows)                                                                                 \
    "\"packetDeltaCount\":" #packets ",\"octetDeltaCount\":" #octets ",\"flows\":" #flows

static void test_answers(void **state) {
    static const struct ask asks[] = {
        {"/api/bucket/query",
         {{"bucket_size", "600"}, {"include_ips", "3221225986"}, {"aggregate", "bucket"}, {"end_bucket", "1700000400"}},
         200,
         "{\"bucket_size\":600,\"global_min_bucket\":1700000400,\"global_max_bucket\":1700086800,\"results\":["
         "{\"bucket\":1700000400," VALUES(15, 1501, 1.25) ",\"tcp\":{" VALUES(
             15, 1501, 1.25) "},\"udp\":" ZERO ",\"icmp\":" ZERO ",\"other\":" ZERO "}]}\n"},
        {"/api/bucket/query/",
         {{"bucket_size", "60"},
          {"fields", "sourceIPv4Address, udp ,octetDeltaCount"},
          {"sort", "octetDeltaCount desc"},
          {"limit", "2"}},
         200,
         "{\"bucket_size\":60,\"global_min_bucket\":1700000400,\"global_max_bucket\":1700086800,\"results\":["
         "{\"bucket\":1700000520,\"sourceIPv4Address\":\"2001:db8::9\",\"octetDeltaCount\":7000,\"udp\":" ZERO "},"
         "{\"bucket\":1700000400,\"sourceIPv4Address\":3221225985,\"octetDeltaCount\":1000,\"udp\":" ZERO "}]}\n"},
        {"/api/dynamic/index/ports",
         {{"bucket_size", "600"}, {"include_ports", "53,0"}, {"aggregate", "port"}, {"limit", "1"}},
         200,
         "{\"totalCounter\":{},\"results\":[{\"id\":0," VALUES(
             9, 832, 2.333333) ",\"tcp\":" ZERO ",\"udp\":" ZERO
                               ",\"icmp\":{" VALUES(3, 232, 1.333333) "},\"other\":{" VALUES(6, 600, 1) "}}]}\n"},
        {"/api/dynamic/index/nodes",
         {{"bucket_size", "600"}, {"end_bucket", "0"}},
         200,
         "{\"totalCounter\":{},\"results\":[]}\n"},
        {"/api/index/nodes",
         {{"sort", "id desc"}, {"limit", "1"}, {"fields", "flows"}},
         200,
         "{\"totalCounter\":{\"flows\":5.083333},\"results\":[{\"flows\":2}]}\n"},
        {"/api/bucket/query",
         {{"include_ports", "443,\"x"}},
         400,
         "{\"error\":{\"parameter\":\"include_ports\",\"value\":\"443,\\\"x\","
         "\"accepted\":\"a port from 0 to 65535, or a range such as 8000-8080\"}}\n"},
        {"/api/bucket/query",
         {{"bucket_size", "61"}},
         400,
         "{\"error\":{\"parameter\":\"bucket_size\",\"value\":\"61\",\"accepted\":\"60, 600\"}}\n"},
    };
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "here", 1, test_flows, TEST_FLOWS);
    asks_check(&env, asks, sizeof asks / sizeof asks[0]);
    env_release(&env);
}

/* Without addresses there is one flows table, without the protocol it has no classes. */
static void test_other_keys(void **state) {
    static const struct ask asks[] = {
        {"/api/bucket/query",
         {{"include_ports", "443"}},
         400,
         "{\"error\":{\"parameter\":\"include_ports\",\"value\":\"443\","
         "\"accepted\":\"nothing: the flows tables have no port\"}}\n"},
        {"/api/bucket/query",
         {{"aggregate", "ipaddress"}},
         400,
         "{\"error\":{\"parameter\":\"aggregate\",\"value\":\"ipaddress\","
         "\"accepted\":\"flow keys: the flows tables lack one of the ends\"}}\n"},
        {"/api/bucket/query",
         {{"aggregate", "sourceIPv4Address"}},
         400,
         "{\"error\":{\"parameter\":\"aggregate\",\"value\":\"sourceIPv4Address\","
         "\"accepted\":\"names separated by commas, of bucket sourceTransportPort interfaceName ipaddress port\"}}\n"},
        {"/api/bucket/query",
         {{"aggregate", "sourceTransportPort"}, {"sort", "tcp_flows"}},
         400,
         "{\"error\":{\"parameter\":\"sort\",\"value\":\"tcp_flows\",\"accepted\":\"names separated by commas, of "
         "bucket "
         "sourceTransportPort interfaceName packetDeltaCount octetDeltaCount flows\"}}\n"},
        {"/api/bucket/query",
         {{"aggregate", "interfaceName,bucket"}, {"black_others", ""}, {"biflow", ""}},
         200,
         "{\"bucket_size\":600,\"global_min_bucket\":1700000400,\"global_max_bucket\":1700000400,\"results\":[{"
         "\"interfaceName\":\"a\\\"b\",\"bucket\":1700000400," VALUES(7, 99, 1) "}]}\n"},
    };
    static const uint32_t size = 600, bucket = T0;
    static const uint64_t values[15] = {7, 99, FLOW_UNIT, 7, 99, FLOW_UNIT};
    struct env env;
    struct error error;
    uint8_t key[64 + ELEMENT_TEXT_MAX] = {0};
    (void)state;
    memset(&env, 0, sizeof env);
    env_schema(&env, "sourceTransportPort,interfaceName", FLOW_LAYOUT_SUMS, &size, 1);
    env_open(&env, "memory:");
    struct ledger_row ledger = ledger_make("here", 1, test_flows, 1);
    store_begin(env.store, &ledger, &bucket, 1);
    be_put(key, T0, 4);
    memcpy(key + 6, "a\"b", 3);
    store_put(env.store, schema_table(&env.schema, TABLE_FLOWS, FLOW_IPV4, size), key, values);
    store_put(env.store, schema_table(&env.schema, TABLE_AGGR, FLOW_IPV4, size), key, values);
    if (store_commit(env.store, &error) != STORE_OK) fail_msg("%s", error.text);
    asks_check(&env, asks, sizeof asks / sizeof asks[0]);
    env_release(&env);
}

/* The store's reason is told, not only the statement, which is longer than an error's text. */
static void test_a_store_that_fails(void **state) {
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    assert_run(&env, "DROP TABLE index_ports_data");
    struct api_call call = {.store = env.store, .schema = &env.schema};
    endpoint_find("/api/index/ports")->run(&call);
    assert_int_equal(call.status, 503);
    assert_contains(call.body.data, "no such table: index_ports_data");
    buffer_release(&call.body);
    env_release(&env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_other_keys),
        cmocka_unit_test(test_a_store_that_fails),
    };
    names_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
