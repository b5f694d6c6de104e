/* Flow keys, their patterns and modifiers into keys, a capture filter and prefixes. */
#include "tool/convert/vermont_rule.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "meter/meter.h"

enum { COLUMNS = 110 };

/* A rule under way. */
struct rule {
    char name[24];
    struct buffer match, keys, values;
    unsigned tuple; /* bits: the keys of the five-tuple, without modifiers, that there are */
    bool biflow, ports, protocol;
    struct buffer *lost;
};

static const char *const tuple[] = {"sourceIPv4Address", "destinationIPv4Address", "sourceTransportPort",
                                    "destinationTransportPort", "protocolIdentifier"};
enum { TUPLE = sizeof tuple / sizeof tuple[0], WHOLE_TUPLE = (1 << TUPLE) - 1 };

__attribute__((format(printf, 2, 3))) static void lose(const struct rule *rule, const char *format, ...) {
    va_list arguments;
    char text[512];
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_printf(rule->lost, "%s: %s\n", rule->name, text);
}

static void word_add(struct buffer *out, const char *between, const char *text) {
    buffer_printf(out, "%s%s", out->len ? between : "", text);
}

/* --- names --- */

/* Names that are the registry's in VERMONT's spelling, or its own for the same thing. */
static const struct {
    const char *theirs, *ours;
    const char *match; /* what else it says; NULL: nothing */
} aliases[] = {
    {"tcpSourcePort", "sourceTransportPort", "tcp"},  {"tcpDestinationPort", "destinationTransportPort", "tcp"},
    {"udpSourcePort", "sourceTransportPort", "udp"},  {"udpDestinationPort", "destinationTransportPort", "udp"},
    {"classOfServiceIPv4", "ipClassOfService", NULL}, {"vlanId", "dot1qVlanId", NULL},
    {"icmpTypeCode", "icmpTypeCodeIPv4", NULL},
};

static const struct meter_field *field_find(const char *name, enum meter_field_of of, const char **match) {
    *match = NULL;
    for (unsigned i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (strcasecmp(aliases[i].theirs, name) != 0) continue;
        name = aliases[i].ours;
        *match = aliases[i].match;
    }
    for (unsigned i = 0; i < meter_n_fields; i++) {
        const struct meter_field *field = &meter_fields[i];
        if (!(field->may_be >> of & 1)) continue;
        if (strcasecmp(field->name, name) == 0 || (field->name6 && strcasecmp(field->name6, name) == 0)) return field;
    }
    return NULL;
}

/* What every flow of ours has: times and the counts of packets and octets. */
static bool is_standard(const char *name) {
    return strncasecmp(name, "flowStart", 9) == 0 || strncasecmp(name, "flowEnd", 7) == 0
               ? strcasecmp(name, "flowEndReason") != 0
               : strcasecmp(name, "octetDeltaCount") == 0 || strcasecmp(name, "packetDeltaCount") == 0;
}

/* --- patterns --- */

/* "10.0.0.7/8" with the bits of the host cleared, as capture filters want it. */
static bool network_print(const char *pattern, const char *direction, struct buffer *out) {
    char address[INET_ADDRSTRLEN];
    struct in_addr ip;
    const char *slash = strchrnul(pattern, '/');
    unsigned bits = *slash ? (unsigned)atoi(slash + 1) : 32;
    snprintf(address, sizeof address, "%.*s", (int)(slash - pattern), pattern);
    if (bits > 32 || inet_pton(AF_INET, address, &ip) != 1) return false;
    ip.s_addr &= bits ? htonl(UINT32_MAX << (32 - bits)) : 0;
    inet_ntop(AF_INET, &ip, address, sizeof address);
    if (bits == 32)
        buffer_printf(out, "%s host %s", direction, address);
    else
        buffer_printf(out, "%s net %s/%u", direction, address, bits);
    return true;
}

/* "80,443,1000:2000". */
static bool ports_print(const char *pattern, const char *direction, struct buffer *out) {
    for (const char *at = pattern; *at;) {
        char *end;
        unsigned long from = strtoul(at, &end, 10), to = from;
        if (!isdigit((unsigned char)*at)) return false;
        if (*end == ':') {
            if (!isdigit((unsigned char)end[1])) return false;
            to = strtoul(end + 1, &end, 10);
        }
        if (to > 65535 || from > to || (*end && *end != ',')) return false;
        if (from == to)
            buffer_printf(out, "%s%s port %lu", at > pattern ? " or " : "", direction, from);
        else
            buffer_printf(out, "%s%s portrange %lu-%lu", at > pattern ? " or " : "", direction, from, to);
        at = *end ? end + 1 : end;
    }
    return *pattern;
}

static bool protocol_print(const char *pattern, struct buffer *out) {
    static const char *const names[] = {"tcp", "udp", "icmp", "sctp"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(names[i], pattern) == 0) return buffer_add_text(out, names[i]), true;
    char *end;
    unsigned long number = strcasecmp(pattern, "RAW") == 0 ? 255 : strtoul(pattern, &end, 10);
    if (number > 255 || (number != 255 && (!isdigit((unsigned char)*pattern) || *end))) return false;
    buffer_printf(out, "ip proto %lu", number);
    return true;
}

/* "SYN,ACK": these flags and no others. Without '=', which an indented line of a file can't have. */
static bool flags_print(const char *pattern, struct buffer *out) {
    static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    int flags = 0;
    for (const char *at = pattern; *at; at += strspn(at, ", ")) {
        size_t len = strcspn(at, ", ");
        unsigned i = 0;
        while (i < 6 && (strlen(names[i]) != len || strncasecmp(names[i], at, len) != 0))
            i++;
        if (i == 6) return false;
        flags |= 1 << i;
        at += len;
    }
    buffer_printf(out, "tcp[13] > %d and tcp[13] < %d", flags - 1, flags + 1);
    return flags > 0;
}

static bool pattern_print(const struct meter_field *field, const char *pattern, struct buffer *out) {
    switch (field->id) {
    case 8: return network_print(pattern, "src", out);
    case 12: return network_print(pattern, "dst", out);
    case 7: return ports_print(pattern, "src", out);
    case 11: return ports_print(pattern, "dst", out);
    case 4: return protocol_print(pattern, out);
    case 6: return flags_print(pattern, out);
    default: return false;
    }
}

static void match_add(struct rule *rule, const char *text) {
    bool alone = !strstr(text, " or ") && !strstr(text, " and ");
    char *part = mem_printf("%s%s%s", alone ? "" : "(", text, alone ? "" : ")");
    word_add(&rule->match, " and ", part);
    free(part);
}

/* --- keys and values --- */

static void key_add(struct rule *rule, const struct meter_field *field, const char *modifier) {
    char word[64];
    unsigned i = 0;
    bool masked = modifier && strncmp(modifier, "mask/", 5) == 0;
    while (i < TUPLE && strcmp(tuple[i], field->name) != 0)
        i++;
    rule->ports = rule->ports || field->id == IE_sourceTransportPort || field->id == IE_destinationTransportPort;
    rule->protocol = rule->protocol || field->id == IE_protocolIdentifier;
    if (i < TUPLE && !masked) {
        rule->tuple |= 1u << i;
        return; /* written with the others */
    }
    snprintf(word, sizeof word, "%s%s%s", field->name, masked ? "/" : "", masked ? modifier + 5 : "");
    word_add(&rule->keys, " ", word);
}

static void flow_key_read(struct rule *rule, const struct xml_node *node) {
    const char *name = xml_child_text(node, "ieName"), *pattern = xml_child_text(node, "match");
    const char *modifier = xml_child_text(node, "modifier"), *match;
    struct buffer filter = BUFFER_INIT;
    const struct meter_field *field = field_find(name ? name : "", METER_FIELD_KEY, &match);
    if (!field) {
        lose(rule, "the key %s: no equivalent", name ? name : "without ieName");
        return;
    }
    if (pattern && *pattern && rule->biflow)
        lose(rule, "the match of %s is ignored, as in VERMONT with biflowAggregation", name);
    else if (pattern && *pattern && pattern_print(field, pattern, &filter))
        match_add(rule, filter.data);
    else if (pattern && *pattern)
        lose(rule, "the match '%s' of %s is not supported", pattern, name);
    buffer_release(&filter);
    if (match) match_add(rule, match);
    if (!modifier || strcmp(modifier, "discard") != 0) key_add(rule, field, modifier);
}

static void value_read(struct rule *rule, const struct xml_node *node) {
    const char *name = xml_child_text(node, "ieName"), *match;
    bool reverse = name && strncasecmp(name, "rev", 3) == 0;
    if (!name || (reverse && rule->biflow) || is_standard(name)) return;
    const struct meter_field *field = field_find(name, METER_FIELD_VALUE, &match);
    if (reverse)
        lose(rule, "%s requires biflowAggregation", name);
    else if (field)
        word_add(&rule->values, " ", field->name);
    else
        lose(rule, "%s: no equivalent", name);
}

static void rule_read(struct rule *rule, const struct xml_node *node) {
    const char *biflow = xml_child_text(node, "biflowAggregation");
    rule->biflow = biflow && atoi(biflow) != 0;
    for (const struct xml_node *part = node->first; part; part = part->next) {
        if (strcmp(part->name, "flowKey") == 0)
            flow_key_read(rule, part);
        else if (strcmp(part->name, "nonFlowKey") == 0)
            value_read(rule, part);
        else if (strcmp(part->name, "templateId") != 0 && strcmp(part->name, "biflowAggregation") != 0)
            lose(rule, "%s: no equivalent", part->name);
    }
    /* Ports without the protocol are of those protocols alone that have them. */
    if (rule->ports && !rule->protocol && !rule->match.len) match_add(rule, "tcp or udp or sctp");
}

/* --- the text --- */

static char *rule_print(const struct rule *rule) {
    struct buffer out = BUFFER_INIT;
    buffer_printf(&out, "%s:", rule->name);
    if (rule->match.len) buffer_printf(&out, " %s ->", rule->match.data);
    if (rule->tuple == WHOLE_TUPLE) buffer_add_text(&out, " five-tuple");
    for (unsigned i = 0; i < TUPLE && rule->tuple != WHOLE_TUPLE; i++)
        if (rule->tuple >> i & 1) buffer_printf(&out, " %s", tuple[i]);
    if (rule->keys.len) buffer_printf(&out, " %s", rule->keys.data);
    if (rule->biflow) buffer_add_text(&out, " biflow");
    if (rule->values.len) buffer_printf(&out, " + %s", rule->values.data);
    return out.data;
}

/* Whether the configuration takes it; else why not. */
static bool rule_check(const char *text, struct error *error) {
    struct meter_rules parsed;
    bool good = meter_rules_parse(&parsed, text, error) == 0 &&
                (!parsed.rules[0].match || meter_match_check(parsed.rules[0].match, error) == 0);
    meter_rules_release(&parsed);
    return good;
}

static void name_find(const struct vermont_rules *rules, const struct xml_node *node, char *name, size_t size) {
    const char *id = xml_child_text(node, "templateId");
    unsigned number = id ? (unsigned)atoi(id) : 0;
    snprintf(name, size, "rule%u", number);
    for (unsigned i = 0, copy = 2; i < rules->n; i++) {
        size_t len = strlen(name);
        if (strncmp(rules->texts[i], name, len) != 0 || rules->texts[i][len] != ':') continue;
        snprintf(name, size, "rule%u.%u", number, copy++);
        i = UINT32_MAX; /* from the first again */
    }
}

void vermont_rule_add(struct vermont_rules *rules, const struct xml_node *node, const char *match,
                      struct buffer *lost) {
    struct rule rule = {.lost = lost};
    struct error error;
    name_find(rules, node, rule.name, sizeof rule.name);
    if (match) match_add(&rule, match);
    rule_read(&rule, node);
    char *text = rule_print(&rule);
    if (rules->n == METER_RULES_MAX) {
        lose(&rule, "one too many: at most %d rules", METER_RULES_MAX);
        free(text);
    } else if (!rule_check(text, &error)) {
        lose(&rule, "ignored: %s", error.text);
        free(text);
    } else {
        rules->texts[rules->n++] = text;
    }
    buffer_release(&rule.match);
    buffer_release(&rule.keys);
    buffer_release(&rule.values);
}

void vermont_rules_print(const struct vermont_rules *rules, struct buffer *out) {
    size_t column = strlen("rules = ");
    for (unsigned i = 0; i < rules->n; i++) {
        if (i > 0) {
            buffer_add_text(out, ",\n   ");
            column = 3;
        }
        for (const char *at = rules->texts[i]; *at;) {
            size_t len = strcspn(at, " ");
            if (column + len > COLUMNS) {
                buffer_add_text(out, "\n   ");
                column = 3;
            }
            buffer_printf(out, "%s%.*s", out->len ? " " : "", (int)len, at);
            column += len + 1;
            at += len + strspn(at + len, " ");
        }
    }
}

void vermont_rules_release(struct vermont_rules *rules) {
    for (unsigned i = 0; i < rules->n; i++)
        free(rules->texts[i]);
    rules->n = 0;
}
