/* What is carried over of one option of VERMONT's. */
#ifndef FLOWIMPORT_TOOL_CONVERT_VERMONT_CARRY_H
#define FLOWIMPORT_TOOL_CONVERT_VERMONT_CARRY_H

#include <stdbool.h>

#include "tool/convert/vermont_rule.h"
#include "tool/convert/xml_tree.h"

/* Our options, in the order of the file. */
enum setting {
    INTERFACE,
    PROMISCUOUS,
    SNAPLEN,
    FILTER,
    RULES,
    ACTIVE_TIMEOUT,
    INACTIVE_TIMEOUT,
    SAMPLING,
    CAPTURE_QUEUE,
    LISTEN,
    COLLECTOR_QUEUE,
    TEMPLATE_LIFETIME,
    COLLECTORS,
    OBSERVATION_DOMAIN,
    TEMPLATE_REFRESH,
    MTU,
    MAX_RATE,
    QUEUE_URL,
    QUEUE_NAME,
    IMPORT_ENABLED,
    STORE_URL,
    STORE_PASSWORD,
    SETTINGS
};

extern const struct vermont_setting {
    const char *section, *name;
} vermont_settings[SETTINGS];

enum role {
    ROLE_SOURCE,
    ROLE_RECEIVER,
    ROLE_FILTER,
    ROLE_QUEUE,
    ROLE_AGGREGATOR,
    ROLE_SINK,
    ROLE_MANAGER, /* stands alone */
    ROLE_OTHER,
};

struct conversion;
struct module;
typedef void carry_fn(struct conversion *conversion, struct module *module, const struct xml_node *option);

struct module_kind {
    const char *name;
    enum role role;
    carry_fn *carry; /* of the module as a whole, with itself as the option; NULL: only its options */
    const char *lost;
};

struct module {
    const struct xml_node *node;
    const struct module_kind *kind;
    char *match;         /* of which packets what comes to it is; owned; NULL: all */
    bool reached, feeds; /* from the observer; another aggregator */
    bool collected;      /* reached from a collector */
    bool used;           /* an aggregator whose records go somewhere */
};

struct conversion {
    struct buffer *notes;
    struct module *modules;
    unsigned n;
    char *values[SETTINGS]; /* NULL: not set */
    struct vermont_rules rules;
};

/* A line about a module. */
void vermont_note(struct conversion *conversion, const struct module *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A filter's share of a match, to be freed; NULL: none. */
char *vermont_hosts_match(const struct module *module);

carry_fn vermont_interface, vermont_filter, vermont_snaplen, vermont_sampling, vermont_expiration, vermont_rule,
    vermont_collector, vermont_domain, vermont_refresh, vermont_udp_templates, vermont_packet_size, vermont_rate,
    vermont_queue, vermont_store, vermont_listener, vermont_lifetime;

#endif
