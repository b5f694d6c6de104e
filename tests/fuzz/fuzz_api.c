/* Any query of any path of the API, on tables with a few flows: an answer or a refusal, always well-formed. The first
 * byte says which path, and of which of two layouts the tables are. */
#include "http/api.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/names.h"
#include "http/params.h"
#include "import/flush.h"
#include "import/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1700010000, CACHE = 1 << 20 };

static struct side {
    const char *keys;
    struct flow_layout layout;
    struct schema schema;
    struct store *store;
} sides[] = {{.keys = FLOW_LAYOUT_KEYS}, {.keys = "sourceTransportPort,interfaceName,sourceMacAddress,flowDirection"}};
enum { N_SIDES = sizeof sides / sizeof sides[0] };

#define TIMES                                                                                                          \
    "\"flowStartSeconds\":1700003390,\"flowEndSeconds\":1700003409,\"octetDeltaCount\":1001,\"packetDeltaCount\":7"
static const char *const entries[] = {
    "{" TIMES ",\"sourceIPv4Address\":167772161,\"destinationIPv4Address\":167772162,\"sourceTransportPort\":50000,"
    "\"destinationTransportPort\":443,\"protocolIdentifier\":6,\"interfaceName\":\"a\\\"b\\\\\\u00e4\"}",
    "{" TIMES ",\"sourceIPv4Address\":167772162,\"destinationIPv4Address\":167772161,\"sourceTransportPort\":443,"
    "\"destinationTransportPort\":50000,\"protocolIdentifier\":17,\"sourceMacAddress\":\"00:1b:21:0a:ff:3c\"}",
    "{" TIMES ",\"sourceIPv6Address\":\"2001:db8::1\",\"destinationIPv6Address\":\"2001:db8::2\","
    "\"protocolIdentifier\":58}",
};

static void fail(const char *what, const char *text) {
    fprintf(stderr, "%s: %s\n", what, text);
    abort();
}

static void side_open(struct side *side) {
    static const uint32_t sizes[] = {600, 3600};
    static const struct generation_id id = {"here", 1};
    static const struct check_rules rules = {.max_flow_duration = 86400, .max_future = 3600};
    struct store_config config = {.url = "memory:"};
    struct folder folder;
    struct generation generation;
    struct error error;
    if (flow_layout_init(&side->layout, side->keys, FLOW_LAYOUT_SUMS, &error) != 0) fail("layout", error.text);
    schema_init(&side->schema, &side->layout, sizes, 2);
    if (store_open(&side->store, &config, &side->schema, &error) != STORE_OK) fail("store", error.text);
    folder_init(&folder, &side->layout, &rules);
    generation_init(&generation, cache_new(&side->layout, &side->schema, CACHE, 1));
    generation_start(&generation, &id);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (fold_entry(&folder, &generation, NOW, entries[i], strlen(entries[i])) != FOLD_TAKEN)
            fail("entry", entries[i]);
    if (generation.ledger.imported != sizeof entries / sizeof entries[0]) fail("entry", "one was rejected");
    if (flush_cache(generation.cache, NULL, NULL, &side->layout, &side->schema, side->store, &generation.ledger,
                    &error) != STORE_OK)
        fail("flush", error.text);
    generation_release(&generation);
    folder_release(&folder);
}

static void answer_check(const struct api_call *call, const char *query) {
    json_error_t error;
    if (call->status != 200 && call->status != 400) fail(query, call->body.data);
    if (strncmp(call->type, "text/csv", strlen("text/csv")) == 0) return;
    json_t *answer = json_loadb(call->body.data, call->body.len, 0, &error);
    if (!answer) fail(error.text, call->body.data);
    json_decref(answer);
}

static void ask(const struct side *side, const struct api_endpoint *endpoint, const char *query) {
    struct params params;
    const char *accepted;
    if (params_parse(&params, query, &accepted) == 0) {
        struct api_call call = {.store = side->store,
                                .schema = &side->schema,
                                .params = params.list,
                                .n_params = params.n,
                                .now = NOW,
                                .status = 200,
                                .type = "application/json"};
        endpoint->run(&call);
        answer_check(&call, query);
        buffer_release(&call.body);
    }
    params_release(&params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!sides[0].store) {
        names_init();
        for (unsigned i = 0; i < N_SIDES; i++)
            side_open(&sides[i]);
    }
    if (size == 0) return 0;
    unsigned path = data[0] / N_SIDES % (api_n_endpoints + api_n_original_endpoints);
    char *query = mem_zalloc(size, 1); /* ends with a zero; one among the bytes ends it earlier */
    memcpy(query, data + 1, size - 1);
    ask(&sides[data[0] % N_SIDES],
        path < api_n_endpoints ? &api_endpoints[path] : &api_original_endpoints[path - api_n_endpoints], query);
    free(query);
    return 0;
}
