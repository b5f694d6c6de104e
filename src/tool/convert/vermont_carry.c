/* One function for each option of VERMONT's that becomes one of ours. */
#include "tool/convert/vermont_carry.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/url.h"
#include "config/capture_options.h"
#include "export/exporter.h"
#include "export/ipfix_writer.h"
#include "meter/meter.h"

const struct vermont_setting vermont_settings[SETTINGS] = {
    [INTERFACE] = {"capture", "interface"},
    [PROMISCUOUS] = {"capture", "promiscuous"},
    [SNAPLEN] = {"capture", "snaplen"},
    [FILTER] = {"capture", "filter"},
    [RULES] = {"capture", "rules"},
    [ACTIVE_TIMEOUT] = {"capture", "active_timeout"},
    [INACTIVE_TIMEOUT] = {"capture", "inactive_timeout"},
    [SAMPLING] = {"capture", "sampling"},
    [CAPTURE_QUEUE] = {"capture", "queue"},
    [LISTEN] = {"collector", "listen"},
    [COLLECTOR_QUEUE] = {"collector", "queue"},
    [TEMPLATE_LIFETIME] = {"collector", "template_lifetime"},
    [COLLECTORS] = {"export", "collectors"},
    [OBSERVATION_DOMAIN] = {"export", "observation_domain"},
    [TEMPLATE_REFRESH] = {"export", "template_refresh"},
    [MTU] = {"export", "mtu"},
    [MAX_RATE] = {"export", "max_rate"},
    [QUEUE_URL] = {"queue", "url"},
    [QUEUE_NAME] = {"queue", "name"},
    [IMPORT_ENABLED] = {"import", "enabled"},
    [STORE_URL] = {"store", "url"},
    [STORE_PASSWORD] = {"store", "password"},
};

/* --- notes and settings --- */

static void module_name(const struct module *module, struct buffer *out) {
    const char *id = xml_attribute(module->node, "id");
    buffer_printf(out, "%s%s%s: ", module->node->name, id ? " " : "", id ? id : "");
}

void vermont_note(struct conversion *conversion, const struct module *module, const char *format, ...) {
    va_list arguments;
    char text[1024];
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    module_name(module, conversion->notes);
    buffer_printf(conversion->notes, "%s\n", text);
}

/* There is one of each, so the first module that says it is heard. */
static void set(struct conversion *conversion, const struct module *module, enum setting setting, const char *value) {
    char **place = &conversion->values[setting];
    if (strstr(value, " ;")) /* begins a comment in a file */
        vermont_note(conversion, module, "[%s] %s: '%s' can't be written to a configuration file",
                     vermont_settings[setting].section, vermont_settings[setting].name, value);
    else if (!*place)
        *place = mem_strdup(value);
    else if (strcmp(*place, value) != 0)
        vermont_note(conversion, module, "[%s] %s is already %s; %s is ignored", vermont_settings[setting].section,
                     vermont_settings[setting].name, *place, value);
}

static void set_number(struct conversion *conversion, const struct module *module, enum setting setting,
                       uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    set(conversion, module, setting, text);
}

/* A whole number of at least `min`, or a note. */
static bool number_read(struct conversion *conversion, const struct module *module, const struct xml_node *option,
                        uint64_t min, uint64_t max, uint64_t *value) {
    char *end;
    *value = strtoull(option->text, &end, 10);
    if (!isdigit((unsigned char)*option->text) || *end) {
        vermont_note(conversion, module, "%s: '%s' is not a number", option->name, option->text);
        return false;
    }
    if (*value < min || *value > max) {
        *value = *value < min ? min : max;
        vermont_note(conversion, module, "%s: %s becomes %llu", option->name, option->text, (unsigned long long)*value);
    }
    return true;
}

/* --- observer, filter --- */

void vermont_interface(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    struct capture_interfaces names;
    struct error error;
    if (*option->text && capture_options_interfaces(option->text, &names, &error) != 0)
        vermont_note(conversion, module, "%s: %s", option->name, error.text);
    else
        set(conversion, module, INTERFACE, option->text);
    if (conversion->values[INTERFACE]) set(conversion, module, PROMISCUOUS, "yes"); /* VERMONT's captures are */
}

void vermont_filter(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    struct error error;
    if (*option->text && meter_match_check(option->text, &error) != 0)
        vermont_note(conversion, module, "%s: %s", option->name, error.text);
    else if (*option->text)
        set(conversion, module, FILTER, option->text);
}

void vermont_snaplen(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    uint64_t bytes;
    if (number_read(conversion, module, option, 64, 262144, &bytes)) set_number(conversion, module, SNAPLEN, bytes);
}

void vermont_sampling(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    const struct xml_node *interval = xml_child(option, "interval"), *spacing = xml_child(option, "spacing");
    uint64_t all, taken;
    if (!interval || !spacing || !number_read(conversion, module, interval, 1, 1000000, &all) ||
        !number_read(conversion, module, spacing, 1, all, &taken))
        return;
    if (all % taken != 0 || taken > 1)
        vermont_note(conversion, module, "countBased: %llu of %llu packets become one of %llu",
                     (unsigned long long)taken, (unsigned long long)all, (unsigned long long)(all / taken));
    set_number(conversion, module, SAMPLING, all / taken);
}

char *vermont_hosts_match(const struct module *module) {
    const struct xml_node *hosts = xml_child(module->node, "hostBased");
    const char *which = hosts ? xml_child_text(hosts, "addrFilter") : NULL;
    struct buffer match = BUFFER_INIT;
    if (!hosts) return NULL;
    for (const struct xml_node *host = hosts->first; host; host = host->next)
        if (strcmp(host->name, "ip") == 0)
            buffer_printf(&match, "%s%s%shost %s", match.len ? " or " : "", which && strcmp(which, "both") ? which : "",
                          which && strcmp(which, "both") ? " " : "", host->text);
    return match.data;
}

/* --- aggregators --- */

/* Seconds; VERMONT's units are sec, msec and usec. */
static void timeout_carry(struct conversion *conversion, struct module *module, const struct xml_node *expiration,
                          const char *name, enum setting setting) {
    const struct xml_node *option = xml_child(expiration, name);
    const char *unit = option ? xml_attribute(option, "unit") : NULL;
    uint64_t divisor = !unit || strcmp(unit, "sec") == 0 ? 1 : strcmp(unit, "msec") == 0 ? 1000 : 1000000, value;
    char text[24];
    if (!option || !number_read(conversion, module, option, 0, UINT32_MAX, &value)) return;
    if (value % divisor != 0 || value == 0)
        vermont_note(conversion, module, "%s: %llu%s becomes %llus", name, (unsigned long long)value, unit ? unit : "",
                     (unsigned long long)(value / divisor ? value / divisor : 1));
    snprintf(text, sizeof text, "%llus", (unsigned long long)(value / divisor ? value / divisor : 1));
    set(conversion, module, setting, text);
}

void vermont_expiration(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    timeout_carry(conversion, module, option, "activeTimeout", ACTIVE_TIMEOUT);
    timeout_carry(conversion, module, option, "inactiveTimeout", INACTIVE_TIMEOUT);
}

void vermont_rule(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    struct buffer lost = BUFFER_INIT;
    vermont_rule_add(&conversion->rules, option, module->match, &lost);
    for (char *line = lost.data, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        *next++ = '\0';
        vermont_note(conversion, module, "%s", line);
    }
    buffer_release(&lost);
}

/* --- where records go --- */

static const char *text_or(const struct xml_node *node, const char *name, const char *standard) {
    const char *text = xml_child_text(node, name);
    return text && *text ? text : standard;
}

/* A part of a URL; an IPv6 address stands in brackets. */
static void url_add(struct buffer *url, const char *before, const char *part) {
    bool address = strchr(part, ':') != NULL;
    buffer_printf(url, "%s%s", before, address ? "[" : "");
    for (; *part; part++)
        buffer_printf(url, isalnum((unsigned char)*part) || strchr("-._:", *part) ? "%c" : "%%%02X",
                      (unsigned char)*part);
    if (address) buffer_add_text(url, "]");
}

/* "host:port", with what the module says. */
static void server_add(struct buffer *url, const struct xml_node *node, const char *host, const char *port) {
    url_add(url, "", text_or(node, host, "localhost"));
    url_add(url, ":", text_or(node, "port", port));
}

static void collector_add(struct conversion *conversion, const struct module *module, const char *url) {
    char *before = conversion->values[COLLECTORS];
    char *all = before ? mem_printf("%s, %s", before, url) : mem_strdup(url);
    struct error error;
    if (exporter_check(all, &error) != 0) {
        vermont_note(conversion, module, "collector: %s", error.text);
        free(all);
        return;
    }
    free(before);
    conversion->values[COLLECTORS] = all;
}

/* "udp:", "tcp:"; NULL, and a note, for what is not spoken. */
static const char *protocol_scheme(struct conversion *conversion, const struct module *module,
                                   const struct xml_node *option) {
    const char *protocol = text_or(option, "transportProtocol", "udp");
    if (strcmp(protocol, "17") == 0 || strcasecmp(protocol, "udp") == 0) return "udp:";
    if (strcmp(protocol, "6") == 0 || strcasecmp(protocol, "tcp") == 0) return "tcp:";
    vermont_note(conversion, module, "%s: %s is not supported; use UDP or TCP", option->name,
                 strcmp(protocol, "132") == 0 ? "SCTP" : protocol);
    return NULL;
}

void vermont_collector(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    const char *address = text_or(option, "ipAddress", NULL), *scheme;
    const struct xml_node *mtu = xml_child(option, "mtu");
    bool netflow9 = strcmp(module->node->name, "ipfixNetflowExporter") == 0;
    struct buffer url = BUFFER_INIT;
    uint64_t bytes;
    if (!address) {
        vermont_note(conversion, module, "collector: no ipAddress");
        return;
    }
    if (!(scheme = protocol_scheme(conversion, module, option))) return;
    buffer_printf(&url, "%s//", scheme);
    server_add(&url, option, "ipAddress", "4739");
    buffer_add_text(&url, netflow9 ? "?v9" : "");
    collector_add(conversion, module, url.data);
    buffer_release(&url);
    if (mtu && number_read(conversion, module, mtu, IPFIX_MESSAGE_MIN, IPFIX_MESSAGE_MAX, &bytes))
        set_number(conversion, module, MTU, bytes);
}

void vermont_listener(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    const char *scheme = protocol_scheme(conversion, module, option), *address = text_or(option, "ipAddress", NULL);
    char **all = &conversion->values[LISTEN], *before = *all;
    struct buffer socket = BUFFER_INIT;
    if (!scheme) return;
    buffer_printf(&socket, "%s%s%s", before ? before : "", before ? ", " : "", scheme);
    if (address && strcmp(address, "0.0.0.0") != 0 && strcmp(address, "::") != 0) {
        url_add(&socket, "", address);
        buffer_add_text(&socket, ":");
    }
    buffer_add_text(&socket, text_or(option, "port", "4739"));
    free(before);
    *all = socket.data;
}

void vermont_lifetime(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    timeout_carry(conversion, module, option->parent, option->name, TEMPLATE_LIFETIME);
}

void vermont_domain(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    uint64_t domain;
    if (number_read(conversion, module, option, 0, UINT32_MAX, &domain))
        set_number(conversion, module, OBSERVATION_DOMAIN, domain);
}

void vermont_refresh(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    timeout_carry(conversion, module, option->parent, option->name, TEMPLATE_REFRESH);
}

void vermont_udp_templates(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    timeout_carry(conversion, module, option, "templateRefreshTimeout", TEMPLATE_REFRESH);
}

void vermont_packet_size(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    const struct xml_node *size = xml_child(option, "maxPacketSize");
    uint64_t bytes;
    if (size && number_read(conversion, module, size, IPFIX_MESSAGE_MIN, IPFIX_MESSAGE_MAX, &bytes))
        set_number(conversion, module, MTU, bytes);
}

void vermont_rate(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    uint64_t rate;
    if (number_read(conversion, module, option, 0, 1000000000, &rate)) set_number(conversion, module, MAX_RATE, rate);
}

/* A URL that can be one, or a note. */
static void url_set(struct conversion *conversion, const struct module *module, enum setting setting,
                    const char *text) {
    struct url url;
    struct error error;
    if (url_parse(&url, text, &error) != 0) {
        vermont_note(conversion, module, "%s", error.text);
        return;
    }
    url_release(&url);
    set(conversion, module, setting, text);
}

void vermont_queue(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    struct buffer url = BUFFER_INIT;
    buffer_add_text(&url, "redis://");
    server_add(&url, option, "host", "6379");
    buffer_add_text(&url, "/0");
    url_set(conversion, module, QUEUE_URL, url.data);
    set(conversion, module, QUEUE_NAME, text_or(option, "dbname", "entry:queue"));
    buffer_release(&url);
}

void vermont_store(struct conversion *conversion, struct module *module, const struct xml_node *option) {
    const char *password = text_or(option, "password", NULL);
    struct buffer url = BUFFER_INIT;
    url_add(&url, "mysql://", text_or(option, "username", "root"));
    buffer_add_text(&url, "@");
    server_add(&url, option, "host", "3306");
    url_add(&url, "/", text_or(option, "dbname", "flows"));
    url_set(conversion, module, STORE_URL, url.data);
    if (password) set(conversion, module, STORE_PASSWORD, password);
    vermont_note(conversion, module, "the tables are those of flowimport-tables(7), next to the old ones");
    buffer_release(&url);
}
