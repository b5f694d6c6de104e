/* What stands in [capture], checked, and in the meter's words. */
#include "config/capture_options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

/* "gre, vxlan" into bits. */
static int tunnels_read(const char *text, unsigned *tunnels, struct error *error) {
    static const char separators[] = ", \t";
    *tunnels = 0;
    for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
        size_t len = strcspn(text, separators);
        unsigned i = TUNNEL_NONE + 1;
        while (i < TUNNELS && (strlen(packet_tunnel_names[i]) != len || memcmp(packet_tunnel_names[i], text, len) != 0))
            i++;
        if (i == TUNNELS)
            return error_set(error, "'%.*s' is not a tunnel; expected gre, ip, vxlan, geneve, gtpu or teredo", (int)len,
                             text);
        *tunnels |= 1u << i;
        text += len;
    }
    return 0;
}

int capture_options_interfaces(const char *text, struct capture_interfaces *interfaces, struct error *error) {
    static const char separators[] = ", \t";
    interfaces->n = 0;
    for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
        size_t len = strcspn(text, separators);
        if (len >= IFNAMSIZ) return error_set(error, "'%.*s' is not the name of an interface", (int)len, text);
        if (interfaces->n == CAPTURE_INTERFACES_MAX)
            return error_set(error, "at most %d interfaces", CAPTURE_INTERFACES_MAX);
        char *name = interfaces->at[interfaces->n++];
        memcpy(name, text, len);
        name[len] = '\0';
        for (unsigned i = 0; i + 1 < interfaces->n; i++)
            if (strcmp(interfaces->at[i], name) == 0) return error_set(error, "'%s' is repeated", name);
        text += len;
    }
    for (unsigned i = 0; i < interfaces->n && interfaces->n > 1; i++)
        if (strcmp(interfaces->at[i], "any") == 0) return error_set(error, "'any' includes all others");
    return interfaces->n > 0 ? 0 : error_set(error, "expected the name of an interface");
}

static const char *text_or_empty(const char *text) { return text ? text : ""; }

void capture_options_check(struct config *config) {
    struct meter_rules rules;
    struct error error;
    unsigned tunnels;
    struct capture_interfaces interfaces;
    const char *filter = config->capture.filter;
    if (meter_rules_parse(&rules, text_or_empty(config->capture.rules), &error) != 0)
        options_complain(&config->options, "capture", "rules", "%s", error.text);
    for (unsigned i = 0; i < rules.n; i++)
        if (rules.rules[i].match && meter_match_check(rules.rules[i].match, &error) != 0)
            options_complain(&config->options, "capture", "rules", "rule '%s': %s", rules.rules[i].name, error.text);
    meter_rules_release(&rules);
    if (filter && meter_match_check(filter, &error) != 0)
        options_complain(&config->options, "capture", "filter", "%s", error.text);
    if (config->capture.interface && capture_options_interfaces(config->capture.interface, &interfaces, &error) != 0)
        options_complain(&config->options, "capture", "interface", "%s", error.text);
    if (config->capture.queue == CAPTURE_NONE && !config->export.collectors)
        options_complain(&config->options, "capture", "queue",
                         "none requires [export] collectors: otherwise the flows go nowhere");
    if (!config->import.enabled && !config->capture.interface && !config->collector.listen)
        options_complain(&config->options, "import", "enabled",
                         "no requires [capture] interface or [collector] listen: otherwise there is nothing to do");
    if (tunnels_read(text_or_empty(config->capture.decapsulate), &tunnels, &error) != 0)
        options_complain(&config->options, "capture", "decapsulate", "%s", error.text);
}

void capture_options_meter(const struct config *config, struct meter_rules *rules, struct meter_config *meter) {
    *meter = (struct meter_config){.rules = rules,
                                   .active_us = config->capture.active_timeout * 1000000,
                                   .inactive_us = config->capture.inactive_timeout * 1000000,
                                   .memory = config->capture.memory,
                                   .fragments = config->capture.fragments,
                                   .sampling = (uint32_t)config->capture.sampling,
                                   .sampling_by_hash = config->capture.sampling_by == SAMPLING_BY_HASH};
    capture_options_packet(config, &meter->packet);
    /* They were right when they were checked. */
    if (meter_rules_parse(rules, text_or_empty(config->capture.rules), NULL) != 0) rules->n = 0;
}

void capture_options_packet(const struct config *config, struct packet_options *packet) {
    *packet = (struct packet_options){.vxlan_port = (uint16_t)config->capture.vxlan_port};
    if (tunnels_read(text_or_empty(config->capture.decapsulate), &packet->tunnels, NULL) != 0) packet->tunnels = 0;
}

void capture_options_exporter(const struct config *config, const struct meter_template *templates, unsigned n,
                              const struct clock *clock, struct exporter_config *exporter) {
    *exporter = (struct exporter_config){.collectors = config->export.collectors,
                                         .domain = (uint32_t)config->export.observation_domain,
                                         .sampling = (uint32_t)config->capture.sampling,
                                         .mtu = (unsigned)config->export.mtu,
                                         .template_refresh = config->export.template_refresh,
                                         .max_rate = config->export.max_rate,
                                         .retry_max_ms = config->queue.retry_max_ms,
                                         .templates = templates,
                                         .n_templates = n,
                                         .clock = clock};
}

int64_t capture_options_fingerprint(const struct config *config) {
    char *text =
        mem_printf("%s\n%s\n%s\n%s\n%" PRId64 " %" PRId64 " %" PRIu64 " %" PRIu64 " %d %" PRIu64 " %" PRIu64,
                   FLOWIMPORT_VERSION, text_or_empty(config->capture.rules), text_or_empty(config->capture.filter),
                   text_or_empty(config->capture.decapsulate), config->capture.active_timeout,
                   config->capture.inactive_timeout, config->capture.memory, config->capture.sampling,
                   config->capture.sampling_by, config->capture.vxlan_port, config->capture.fragments);
    XXH64_hash_t hash = XXH3_64bits(text, strlen(text));
    free(text);
    return (int64_t)(hash >> 1 | 1); /* not 0, which says lines */
}
