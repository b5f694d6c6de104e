/* VERMONT's modules and options, one table each, and the way of the flows through the modules. */
#include "tool/convert/vermont.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tool/convert/vermont_carry.h"

/* --- the tables --- */

/* clang-format off */
static const struct module_kind kinds[] = {
    {"observer", ROLE_SOURCE, NULL, NULL},
    {"ipfixCollector", ROLE_RECEIVER, NULL, NULL},
    {"filter", ROLE_FILTER, NULL, NULL},
    {"packetFilter", ROLE_FILTER, NULL, NULL},
    {"packetQueue", ROLE_QUEUE, NULL, NULL},
    {"ipfixQueue", ROLE_QUEUE, NULL, NULL},
    {"packetAggregator", ROLE_AGGREGATOR, NULL, NULL},
    {"ipfixAggregator", ROLE_AGGREGATOR, NULL, NULL},
    {"ipfixExporter", ROLE_SINK, NULL, NULL},
    {"ipfixNetflowExporter", ROLE_SINK, vermont_collector, NULL},
    {"ipfixFlowInspectorExporter", ROLE_SINK, vermont_queue, NULL},
    {"ipfixDbWriter", ROLE_SINK, vermont_store, NULL},
    {"ipfixPrinter", ROLE_SINK, NULL, "flows are printed by hand: flowimport print FILE"},
    {"sensorManager", ROLE_MANAGER, NULL, "flowimportd answers /metrics and /status, see [http] listen"},
};

/* Options of a module; `carry` NULL and `lost` NULL: there is nothing to carry over. */
static const struct {
    const char *module, *option;
    carry_fn *carry;
    const char *lost;
} options[] = {
    {"observer", "interface", vermont_interface, NULL},
    {"observer", "pcap_filter", vermont_filter, NULL},
    {"observer", "captureLength", vermont_snaplen, NULL},
    {"observer", "filename", NULL, "files are read by hand: flowimport --once FILE"},
    {"observer", "replaceTimestamps", NULL, "flows keep the time of the file"},
    {"observer", "offlineSpeed", NULL, "files are read as fast as it goes"},
    {"observer", "offlineAutoExit", NULL, NULL},
    {"observer", "maxPackets", NULL, "flowimportd has no packet limit"},
    {"ipfixCollector", "listener", vermont_listener, NULL},
    {"ipfixCollector", "templateLifetime", vermont_lifetime, NULL},
    {"filter", "countBased", vermont_sampling, NULL},
    {"filter", "hostBased", NULL, NULL}, /* vermont_hosts_match */
    {"filter", "payloadFilter", NULL, NULL},
    {"filter", "anonFilter", NULL, "addresses are not made anonymous"},
    {"filter", NULL, NULL, "packets are not filtered by it"},
    {"packetQueue", "maxSize", NULL, NULL},
    {"ipfixQueue", "maxSize", NULL, NULL},
    {"ipfixQueue", "entries", NULL, NULL},
    {"packetAggregator", "rule", vermont_rule, NULL},
    {"packetAggregator", "expiration", vermont_expiration, NULL},
    {"packetAggregator", "pollInterval", NULL, NULL}, /* flows end when they are due */
    {"packetAggregator", "hashtableBits", NULL, NULL}, /* [capture] memory */
    {"ipfixExporter", "collector", vermont_collector, NULL},
    {"ipfixExporter", "observationDomainId", vermont_domain, NULL},
    {"ipfixExporter", "templateRefreshInterval", vermont_refresh, NULL},
    {"ipfixExporter", "templateRefreshRate", NULL, "templates come again every 1000 messages"},
    {"ipfixExporter", "udpTemplateManagement", vermont_udp_templates, NULL},
    {"ipfixExporter", "ipfixPacketRestrictions", vermont_packet_size, NULL},
    {"ipfixExporter", "maxRecordRate", vermont_rate, NULL},
    {"ipfixExporter", "sctpDataLifetime", NULL, NULL},
    {"ipfixExporter", "sctpReconnectInterval", NULL, NULL},
    {"ipfixNetflowExporter", "observationDomainId", vermont_domain, NULL},
    {"ipfixNetflowExporter", "maxRecordRate", vermont_rate, NULL},
    {"ipfixNetflowExporter", "ipAddress", NULL, NULL},
    {"ipfixNetflowExporter", "port", NULL, NULL},
    {"ipfixNetflowExporter", "transportProtocol", NULL, NULL},
    {"ipfixFlowInspectorExporter", "host", NULL, NULL},
    {"ipfixFlowInspectorExporter", "port", NULL, NULL},
    {"ipfixFlowInspectorExporter", "dbname", NULL, NULL},
    {"ipfixDbWriter", "host", NULL, NULL},
    {"ipfixDbWriter", "port", NULL, NULL},
    {"ipfixDbWriter", "dbname", NULL, NULL},
    {"ipfixDbWriter", "username", NULL, NULL},
    {"ipfixDbWriter", "password", NULL, NULL},
    {"ipfixDbWriter", "bufferrecords", NULL, NULL}, /* [import] flush_interval */
    {"ipfixDbWriter", "columns", NULL, "the columns are those of [import] aggr_values and aggr_sums"},
    {"ipfixDbWriter", "observationDomainId", NULL, "flows have no exporter"},
    {"ipfixPrinter", NULL, NULL, NULL},
    {"sensorManager", NULL, NULL, NULL},
};
/* clang-format on */

static const struct module_kind kind_other = {.name = NULL, .role = ROLE_OTHER, .lost = "no equivalent"};

static const struct module_kind *kind_find(const char *name) {
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0) return &kinds[i];
    return &kind_other;
}

/* Two modules have the options of another one. */
static const char *options_of(const char *module) {
    if (strcmp(module, "ipfixAggregator") == 0) return "packetAggregator";
    return strcmp(module, "packetFilter") == 0 ? "filter" : module;
}

static void option_carry(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    const char *owner = options_of(module->node->name);
    if (strcmp(option->name, "next") == 0) return;
    for (unsigned i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strcmp(options[i].module, owner) != 0) continue;
        if (options[i].option && strcmp(options[i].option, option->name) != 0) continue;
        if (options[i].carry) options[i].carry(conversion, module, option);
        if (options[i].lost) vermont_note(conversion, module, "%s: %s", option->name, options[i].lost);
        return;
    }
    vermont_note(conversion, module, "%s: no equivalent", option->name);
}

static void options_carry(struct conversion *conversion, struct module *module) {
    if (module->kind->carry) module->kind->carry(conversion, module, module->node);
    for (const struct xml_node *option = module->node->first; option; option = option->next)
        option_carry(conversion, module, option);
}

/* --- the graph --- */

static struct module *module_find(struct conversion *conversion, const char *id) {
    for (unsigned i = 0; i < conversion->n; i++) {
        const char *own = xml_attribute(conversion->modules[i].node, "id");
        if (own && strcmp(own, id) == 0) return &conversion->modules[i];
    }
    return NULL;
}

/* What `match` says, and a filter beside it; to be freed; NULL: every packet. */
static char *match_join(const char *match, char *more) {
    if (!match || !more) return more ? more : match ? mem_strdup(match) : NULL;
    char *both = mem_printf("(%s) and (%s)", match, more);
    free(more);
    return both;
}

static bool match_same(const char *one, const char *other) {
    return one && other ? strcmp(one, other) == 0 : one == other;
}

/* Everything that can be reached from the module is marked; aggregators learn of which packets their flows are. What is
 * reached again, by other packets, is walked again with all packets, and then no more, so that circles end. */
static void module_walk(struct conversion *conversion, struct module *module, struct module *aggregator,
                        const char *match) {
    char *own = match_join(match, module->kind->role == ROLE_FILTER ? vermont_hosts_match(module) : NULL);
    if (module->kind->role == ROLE_SINK && aggregator) aggregator->used = true;
    if (module->kind->role == ROLE_AGGREGATOR && aggregator) aggregator->feeds = true;
    if (module->reached && (!module->match || match_same(module->match, own))) {
        free(own);
        return;
    }
    if (module->reached) {
        free(own);
        own = NULL;
        if (module->kind->role == ROLE_AGGREGATOR)
            vermont_note(conversion, module, "packets reach it on several paths: the filters before it are ignored");
    }
    module->reached = true;
    free(module->match);
    module->match = own;
    if (module->kind->role == ROLE_AGGREGATOR) aggregator = module;
    for (const struct xml_node *edge = module->node->first; edge; edge = edge->next) {
        if (strcmp(edge->name, "next") != 0) continue;
        struct module *next = module_find(conversion, edge->text);
        if (next)
            module_walk(conversion, next, aggregator, module->match);
        else
            vermont_note(conversion, module, "next: module %s not found", edge->text);
    }
}

/* Everything that a collector leads to is marked. */
static void receiver_walk(struct conversion *conversion, struct module *module) {
    if (module->collected) return;
    module->collected = true;
    for (const struct xml_node *edge = module->node->first; edge; edge = edge->next) {
        struct module *next = strcmp(edge->name, "next") == 0 ? module_find(conversion, edge->text) : NULL;
        if (next) receiver_walk(conversion, next);
    }
}

/* Of what only a collector leads to: records are taken as they come, to the queue or into the tables. */
static void collected_carry(struct conversion *conversion, struct module *module) {
    switch (module->kind->role) {
    case ROLE_AGGREGATOR:
        vermont_note(conversion, module, "collected records are not aggregated: its rules are ignored");
        return;
    case ROLE_FILTER: vermont_note(conversion, module, "collected records are not filtered"); return;
    case ROLE_SINK:
        if (module->kind->carry != vermont_queue && module->kind->carry != vermont_store) {
            vermont_note(conversion, module, "collected records are not forwarded");
            return;
        }
        options_carry(conversion, module);
        return;
    default: options_carry(conversion, module); return;
    }
}

static void modules_carry(struct conversion *conversion) {
    bool any = false;
    for (unsigned i = 0; i < conversion->n; i++)
        if (conversion->modules[i].kind->role == ROLE_RECEIVER) receiver_walk(conversion, &conversion->modules[i]);
    for (unsigned i = 0; i < conversion->n; i++)
        if (conversion->modules[i].kind->role == ROLE_SOURCE)
            module_walk(conversion, &conversion->modules[i], NULL, NULL);
    for (unsigned i = 0; i < conversion->n; i++) {
        struct module *module = &conversion->modules[i];
        const struct module_kind *kind = module->kind;
        if (kind->lost)
            vermont_note(conversion, module, "%s", kind->lost);
        else if (!module->reached && module->collected)
            collected_carry(conversion, module);
        else if (!module->reached)
            vermont_note(conversion, module, "no observer leads to it");
        else if (kind->role == ROLE_AGGREGATOR && !module->used)
            vermont_note(conversion, module, "%s",
                         module->feeds ? "it feeds another aggregator, whose rules and timeouts replace its own"
                                       : "its records go nowhere");
        else
            options_carry(conversion, module);
        any = any || kind->role == ROLE_SOURCE || kind->role == ROLE_RECEIVER;
    }
    if (!any) buffer_add_text(conversion->notes, "no observer: nothing is captured\n");
}

/* Where flows go follows from what there is to go to. */
static void ways_set(struct conversion *conversion) {
    bool queue = conversion->values[QUEUE_URL], store = conversion->values[STORE_URL];
    struct buffer rules = BUFFER_INIT;
    vermont_rules_print(&conversion->rules, &rules);
    conversion->values[RULES] = rules.data;
    if (conversion->values[LISTEN] && (queue || store)) {
        conversion->values[COLLECTOR_QUEUE] = mem_strdup(queue ? "redis" : "direct");
        conversion->values[IMPORT_ENABLED] = mem_strdup(store ? "yes" : "no");
    }
    if (!conversion->values[INTERFACE]) return;
    if (!queue && !store && !conversion->values[COLLECTORS]) {
        buffer_add_text(conversion->notes, "nothing takes the flows: they go where they go by default, see [capture] "
                                           "queue\n");
        return;
    }
    conversion->values[CAPTURE_QUEUE] = mem_strdup(queue ? "redis" : store ? "direct" : "none");
    if (!conversion->values[IMPORT_ENABLED]) conversion->values[IMPORT_ENABLED] = mem_strdup(store ? "yes" : "no");
    if (queue && !store)
        buffer_add_text(conversion->notes, "flows go to the queue, as they did; with [import] enabled = yes this "
                                           "flowimportd takes them from there, too\n");
}

static void config_print(const struct conversion *conversion, struct buffer *out) {
    const char *section = "";
    for (unsigned i = 0; i < SETTINGS; i++) {
        if (!conversion->values[i]) continue;
        if (strcmp(section, vermont_settings[i].section) != 0)
            buffer_printf(out, "%s[%s]\n", *section ? "\n" : "", vermont_settings[i].section);
        section = vermont_settings[i].section;
        buffer_printf(out, "%s = %s\n", vermont_settings[i].name, conversion->values[i]);
    }
}

int vermont_convert(const char *text, size_t len, struct buffer *config, struct buffer *notes, struct error *error) {
    struct xml_node *root = xml_parse(text, len, error);
    struct conversion conversion = {.notes = notes};
    if (!root) return -1;
    if (strcmp(root->name, "ipfixConfig") != 0) {
        error_set(error, "the document is <%s>; VERMONT's is <ipfixConfig>", root->name);
        xml_free(root);
        return -1;
    }
    for (const struct xml_node *node = root->first; node; node = node->next)
        conversion.n++;
    conversion.modules = mem_zalloc(conversion.n + 1, sizeof *conversion.modules);
    unsigned n = 0;
    for (const struct xml_node *node = root->first; node; node = node->next)
        conversion.modules[n++] = (struct module){.node = node, .kind = kind_find(node->name)};
    modules_carry(&conversion);
    ways_set(&conversion);
    config_print(&conversion, config);
    for (unsigned i = 0; i < conversion.n; i++)
        free(conversion.modules[i].match);
    for (unsigned i = 0; i < SETTINGS; i++)
        free(conversion.values[i]);
    vermont_rules_release(&conversion.rules);
    free(conversion.modules);
    xml_free(root);
    return 0;
}
