/* Flows of a few hosts over some days, what their addresses are called, and what any query over them must answer. */
#ifndef FLOWIMPORT_TESTS_QUERY_WORLD_H
#define FLOWIMPORT_TESTS_QUERY_WORLD_H

#include "random.h"
#include "store_env.h"

#include "flow/service.h"

#include "store/query/query.h"
#include "store/rollup.h"

enum { QUERY_FLOWS = 400, QUERY_DAYS = 3, QUERY_START = 1700006400 /* 2023-11-15T00:00:00Z */ };

/* Of addresses 1 to 6 of both families. */
static const char world_names[] = "192.0.2.0/30 name=low site=A\n"
                                  "192.0.2.2 name=two\n"
                                  "192.0.2.4 name=four site=B\n"
                                  "2001:db8::/126 name=six site=A\n";
static const char world_local[] = "192.0.2.0/30, 2001:db8::4/126";

struct world {
    struct env env;
    struct name_book *book;
    struct dimensions dimensions;
    struct test_flow flows[QUERY_FLOWS];
    uint32_t first_day;
};

static inline void world_fill(struct world *world, uint64_t seed) {
    static const uint16_t ports[] = {0, 53, 80, 443, 8080, 51515};
    static const uint8_t protocols[] = {6, 6, 6, 17, 17, 1, 58, 47};
    for (unsigned i = 0; i < QUERY_FLOWS; i++) {
        struct test_flow *flow = &world->flows[i];
        *flow = (struct test_flow){
            .family = random_below(&seed, 4) ? FLOW_IPV4 : FLOW_IPV6,
            /* Not before half an hour into the first day, so that its buckets begin at different times. */
            .bucket = QUERY_START + 1800 + (uint32_t)random_below(&seed, QUERY_DAYS * 1440 - 30) * 60,
            .source = (uint8_t)(1 + random_below(&seed, 6)),
            .destination = (uint8_t)(1 + random_below(&seed, 6)),
            .source_port = ports[random_below(&seed, 6)],
            .destination_port = ports[random_below(&seed, 6)],
            .protocol = protocols[random_below(&seed, 8)],
            .packets = 1 + random_below(&seed, 9),
            .octets = 40 + random_below(&seed, 3) * 100,
            .flows = 1 + random_below(&seed, 1000000)};
        /* On either side of a day's end, and of the range's. */
        if (i < 4) flow->bucket = QUERY_START + 86400 * (1 + i / 2) - (i % 2) * 60;
    }
    for (unsigned i = 0; i < QUERY_FLOWS; i += 16)
        generation_write(&world->env, "a", i, world->flows + i, QUERY_FLOWS - i < 16 ? QUERY_FLOWS - i : 16);
}

/* That the stores of the tests have. */
static const char *world_rollups = ROLLUPS_NONE;

static inline void world_init(struct world *world, const uint32_t *sizes, unsigned n_sizes) {
    struct error error = {""};
    memset(world, 0, sizeof *world);
    names_init();
    env_schema(&world->env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, n_sizes);
    if (rollups_add(&world->env.schema, world_rollups, &error) != 0) fail_msg("%s", error.text);
    env_open(&world->env, fresh_url());
    world->book = name_book_parse(world_names, strlen(world_names), "names", world_local, NULL);
    assert_non_null(world->book);
    dimensions_init(&world->dimensions, &world->env.layout, world->book);
    world_fill(world, 7);
}

static const uint32_t world_sizes[] = {60, 600, 3600, 86400};

/* The separate calculation
 * ------------------------------------------------------------------------------------------------------------ */

static inline bool is_class(const struct test_flow *flow, enum proto_class class) {
    return proto_class(flow->protocol) == class;
}

static inline const char *site_of(const struct test_flow *flow, uint8_t address) {
    return address <= 3 ? "A" : flow->family == FLOW_IPV4 && address == 4 ? "B" : "";
}

static inline const char *network_of(const struct test_flow *flow, uint8_t address) {
    return address > 3 ? "" : flow->family == FLOW_IPV4 ? "low" : "six";
}

static inline const char *direction_of(const struct test_flow *flow) {
    bool v4 = flow->family == FLOW_IPV4;
    bool from = v4 ? flow->source <= 3 : flow->source >= 4, to = v4 ? flow->destination <= 3 : flow->destination >= 4;
    return from ? (to ? "internal" : "out") : to ? "in" : "transit";
}

static inline bool is_site(const struct test_flow *flow, uint8_t address, const char *site) {
    return strcmp(site_of(flow, address), site) == 0;
}

/* Terms, and what they mean. */
#define TERM(name, condition)                                                                                          \
    static inline bool name(const struct test_flow *flow) { return condition; }
TERM(src_1, flow->family == FLOW_IPV4 && flow->source == 1)
TERM(dst_v6, flow->family == FLOW_IPV6 && (flow->destination == 2 || flow->destination == 3))
TERM(host_2, flow->family == FLOW_IPV4 && (flow->source == 2 || flow->destination == 2))
TERM(src_net, flow->family == FLOW_IPV4 ? flow->source >= 4 && flow->source <= 7 : flow->source == 5)
TERM(host_all6, flow->family == FLOW_IPV6)
TERM(port_53, flow->source_port == 53 || flow->destination_port == 53)
TERM(dport_range, flow->destination_port >= 80 && flow->destination_port <= 8080)
TERM(sport_two, flow->source_port == 0 || flow->source_port == 443)
TERM(proto_udp, flow->protocol == 17)
TERM(proto_one_or_47, flow->protocol == 1 || flow->protocol == 47)
TERM(class_two, is_class(flow, PROTO_TCP) || is_class(flow, PROTO_ICMP))
TERM(class_other, is_class(flow, PROTO_OTHER))
TERM(family_4, flow->family == FLOW_IPV4)
TERM(src_site_a, is_site(flow, flow->source, "A"))
TERM(dst_site_none_b, is_site(flow, flow->destination, "") || is_site(flow, flow->destination, "B"))
TERM(site_b, is_site(flow, flow->source, "B") || is_site(flow, flow->destination, "B"))
TERM(network_six, flow->family == FLOW_IPV6 && (flow->source <= 3 || flow->destination <= 3))
TERM(direction_in_out, strlen(direction_of(flow)) <= 3)
TERM(prefix_v4, flow->family == FLOW_IPV4)
TERM(service_web, service_of(flow->source_port, flow->destination_port, flow->protocol) == 443 ||
                      service_of(flow->source_port, flow->destination_port, flow->protocol) == 80)
TERM(service_none, service_of(flow->source_port, flow->destination_port, flow->protocol) == 0)
TERM(host_two, flow->family == FLOW_IPV4 && (flow->source == 2 || flow->destination == 2))

static const struct {
    const char *text;
    bool (*holds)(const struct test_flow *flow);
} world_terms[] = {
    {"src=192.0.2.1", src_1},
    {"dst=2001:db8::2/127", dst_v6},
    {"host=192.0.2.2", host_2},
    {"src=192.0.2.4/30,2001:db8::5", src_net},
    {"host=::/0", host_all6},
    {"port=53", port_53},
    {"destinationTransportPort=80-8080", dport_range},
    {"sport=443,0", sport_two},
    {"proto=udp", proto_udp},
    {"proto=1,47", proto_one_or_47},
    {"class=icmp,tcp", class_two},
    {"class=other", class_other},
    {"family=4", family_4},
    {"src_site=A", src_site_a},
    {"dst_site=\"\",B", dst_site_none_b},
    {"site=B", site_b},
    {"network=six", network_six},
    {"direction=in,out", direction_in_out},
    {"dst/16=192.0.0.0/16", prefix_v4},
    {"host=two", host_two},
    {"service=443,80", service_web},
    {"service=0", service_none},
};
enum { WORLD_TERMS = sizeof world_terms / sizeof world_terms[0] };

struct chosen { /* of world_terms */
    unsigned n, terms[3];
    bool is_not[3];
    unsigned way; /* how they are joined: all, any, not any of the first two and the third */
    char text[256];
};

static inline bool chosen_hold(const struct chosen *chosen, const struct test_flow *flow) {
    bool holds[3], any = chosen->n == 0;
    for (unsigned i = 0; i < chosen->n; i++) {
        holds[i] = world_terms[chosen->terms[i]].holds(flow) != chosen->is_not[i];
        any |= holds[i];
    }
    if (chosen->way == 1) return any;
    if (chosen->way == 2 && chosen->n == 3) return !(holds[0] || holds[1]) && holds[2];
    for (unsigned i = 0; i < chosen->n; i++)
        if (!holds[i]) return false;
    return true;
}

/* A dimension's value of one end, as text. */
static inline void end_text(const struct dimension *dimension, const struct test_flow *flow, unsigned side, char *text,
                            size_t size) {
    bool at_source = dimension->is_either ? side == 0 : dimension->name[0] == 's';
    uint8_t address = at_source ? flow->source : flow->destination;
    bool is_half = strstr(dimension->name, "/16") != NULL;
    switch (dimension->form) {
    case DIMENSION_ADDRESS:
        snprintf(text, size, flow->family == FLOW_IPV4 ? "192.0.2.%u" : "2001:db8::%u",
                 at_source ? flow->source : flow->destination);
        return;
    case DIMENSION_PORT: snprintf(text, size, "%u", at_source ? flow->source_port : flow->destination_port); return;
    case DIMENSION_CLASS: snprintf(text, size, "%s", proto_class_names[proto_class(flow->protocol)]); return;
    case DIMENSION_PREFIX:
        snprintf(text, size, "%s",
                 flow->family == FLOW_IPV4 ? (is_half ? "192.0.0.0/16" : "192.0.2.0/24")
                 : is_half                 ? "2001:db8::/48"
                                           : "2001:db8::/64");
        return;
    case DIMENSION_NAME:
        snprintf(text, size, "%s",
                 strstr(dimension->name, "site") ? site_of(flow, address) : network_of(flow, address));
        return;
    case DIMENSION_DIRECTION: snprintf(text, size, "%s", direction_of(flow)); return;
    case DIMENSION_FAMILY: snprintf(text, size, "%d", flow->family == FLOW_IPV4 ? 4 : 6); return;
    case DIMENSION_SERVICE:
        snprintf(text, size, "%u", service_of(flow->source_port, flow->destination_port, flow->protocol));
        return;
    default: snprintf(text, size, "%u", flow->protocol);
    }
}

enum { EXPECTED_MAX = 1000 };

struct expected {
    char key[128];
    uint64_t values[3], before[3], series[QUERY_POINTS_MAX / 10];
    bool is_there; /* in the time itself */
};

struct expectation {
    unsigned n;
    struct expected groups[EXPECTED_MAX];
    struct expected total;
};

static inline void expected_add(struct expected *group, const struct test_flow *flow, const struct query *query,
                                const struct query_result *result) {
    const uint64_t values[] = {flow->packets, flow->octets, flow->flows};
    uint64_t length = result->to - result->from;
    bool now = flow->bucket >= result->from && flow->bucket < result->to;
    bool before = flow->bucket + length >= result->from && flow->bucket < result->from;
    for (unsigned i = 0; i < 3; i++) {
        if (now) group->values[i] += values[i];
        if (before && result->has_before) group->before[i] += values[i];
    }
    group->is_there |= now;
    if (now && query->series)
        group->series[(flow->bucket - result->first_time) / result->step] += values[query->metric];
}

static inline struct expected *expected_of(struct expectation *expectation, const char *key) {
    for (unsigned i = 0; i < expectation->n; i++)
        if (strcmp(expectation->groups[i].key, key) == 0) return &expectation->groups[i];
    assert_true(expectation->n < EXPECTED_MAX);
    snprintf(expectation->groups[expectation->n].key, sizeof expectation->groups[0].key, "%s", key);
    return &expectation->groups[expectation->n++];
}

/* Whether networks alone are grouped by, and the flow's are the same at both ends: it counts once. */
static inline bool ends_agree(const struct query *query, const struct test_flow *flow) {
    char source[64], destination[64];
    for (unsigned k = 0; k < query->n_group; k++) {
        if (!query->group[k]->is_either) continue;
        end_text(query->group[k], flow, 0, source, sizeof source);
        end_text(query->group[k], flow, 1, destination, sizeof destination);
        if (query->group[k]->form < DIMENSION_PREFIX || strcmp(source, destination) != 0) return false;
    }
    return true;
}

static inline struct expectation *expect(const struct world *world, const struct query *query,
                                         const struct query_result *result, const struct chosen *chosen) {
    struct expectation *expectation = calloc(1, sizeof *expectation);
    bool either = false;
    for (unsigned k = 0; k < query->n_group; k++)
        either |= query->group[k]->is_either;
    for (unsigned i = 0; i < QUERY_FLOWS; i++) {
        const struct test_flow *flow = &world->flows[i];
        if (!chosen_hold(chosen, flow)) continue;
        expected_add(&expectation->total, flow, query, result);
        for (unsigned side = 0; query->n_group > 0 && side <= either; side++) {
            char key[128] = "", text[64];
            if (side > 0 && ends_agree(query, flow)) continue;
            for (unsigned k = 0; k < query->n_group; k++) {
                end_text(query->group[k], flow, side, text, sizeof text);
                snprintf(key + strlen(key), sizeof key - strlen(key), "%s%s", k ? "|" : "", text);
            }
            expected_add(expected_of(expectation, key), flow, query, result);
        }
    }
    return expectation;
}

#endif
