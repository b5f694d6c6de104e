/* Rules out of their text. */
#include "meter/meter_rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "meter/match.h"

enum { IPV6_PREFIX_DEFAULT = 64 };

/* Part of the text, without the white space around it. */
struct span {
    const char *at;
    size_t len;
};

static const char five_tuple[] =
    "sourceIPv4Address destinationIPv4Address sourceTransportPort destinationTransportPort protocolIdentifier";
/* What every flow is written with; a start or an end that the rule names takes the place of the one here. */
static const char standard_values[] = "flowStartMilliseconds flowEndMilliseconds packetDeltaCount octetDeltaCount";

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static struct span span_trim(const char *at, const char *end) {
    while (at < end && is_space(*at))
        at++;
    while (end > at && is_space(end[-1]))
        end--;
    return (struct span){at, (size_t)(end - at)};
}

/* The next word of `rest`, which becomes what is behind it; of length 0 at the end. */
static struct span word_next(struct span *rest) {
    struct span word = {rest->at, 0};
    while (word.len < rest->len && !is_space(word.at[word.len]))
        word.len++;
    *rest = span_trim(word.at + word.len, rest->at + rest->len);
    return word;
}

static bool span_is(struct span span, const char *text) {
    return strlen(text) == span.len && memcmp(span.at, text, span.len) == 0;
}

static const struct meter_field *field_find(struct span name, enum meter_field_of of) {
    for (unsigned i = 0; i < meter_n_fields; i++)
        if (span_is(name, meter_fields[i].name) && meter_fields[i].may_be >> of & 1) return &meter_fields[i];
    return NULL;
}

static int field_unknown(const struct meter_rule *rule, struct span word, enum meter_field_of of, struct error *error) {
    struct buffer names = BUFFER_INIT;
    for (unsigned i = 0; i < meter_n_fields; i++)
        if (meter_fields[i].may_be >> of & 1) buffer_printf(&names, ", %s", meter_fields[i].name);
    error_set(error, "rule '%s': '%.*s' is not a %s; expected %s%s", rule->name, (int)word.len, word.at,
              of == METER_FIELD_KEY ? "key" : "value", of == METER_FIELD_KEY ? "five-tuple, biflow, " : "",
              names.data + strlen(", "));
    buffer_release(&names);
    return -1;
}

static int field_add(struct meter_rule *rule, const struct meter_field *field, struct error *error) {
    struct meter_template *fields = &rule->fields;
    for (unsigned i = 0; i < fields->n; i++)
        if (fields->fields[i] == field) return error_set(error, "rule '%s': '%s' is repeated", rule->name, field->name);
    if (fields->n == METER_FIELDS_MAX)
        return error_set(error, "rule '%s': '%s' is one too many: at most %d keys and values", rule->name, field->name,
                         METER_FIELDS_MAX);
    fields->fields[fields->n++] = field;
    return 0;
}

/* "/24": 1 to `max` bits; *at is moved behind them. 0 where it is anything else. */
static uint8_t prefix_read(const char **at, const char *end, unsigned max) {
    unsigned bits = 0, digits = 0;
    if (*at == end || *(*at)++ != '/') return 0;
    for (; *at < end && isdigit((unsigned char)**at) && digits < 3; (*at)++, digits++)
        bits = bits * 10 + (unsigned)(**at - '0');
    return bits <= max ? (uint8_t)bits : 0;
}

static int key_add(struct meter_rule *rule, struct span word, struct error *error) {
    const char *slash = memchr(word.at, '/', word.len), *end = word.at + word.len;
    struct span name = {word.at, slash ? (size_t)(slash - word.at) : word.len};
    const struct meter_field *field = field_find(name, METER_FIELD_KEY);
    if (!field) return field_unknown(rule, name, METER_FIELD_KEY, error);
    uint8_t *prefix = rule->prefix[rule->fields.n];
    bool is_address = field->type == ELEMENT_IPV4_ADDRESS;
    if (field_add(rule, field, error) != 0) return -1;
    rule->n_keys++;
    prefix[FLOW_IPV4] = 32;
    prefix[FLOW_IPV6] = 128;
    if (!slash) return 0;
    if (!is_address)
        return error_set(error, "rule '%s': '%.*s': only addresses have prefixes", rule->name, (int)word.len, word.at);
    prefix[FLOW_IPV4] = prefix_read(&slash, end, 32);
    prefix[FLOW_IPV6] = slash < end ? prefix_read(&slash, end, 128) : IPV6_PREFIX_DEFAULT;
    if (prefix[FLOW_IPV4] && prefix[FLOW_IPV6] && slash == end) return 0;
    return error_set(error, "rule '%s': '%.*s': a prefix has 1 to 32 bits, or 1 to 128 for IPv6, as in %s/24/56",
                     rule->name, (int)word.len, word.at, field->name);
}

static int keys_add(struct meter_rule *rule, struct span keys, struct error *error) {
    while (keys.len > 0) {
        struct span word = word_next(&keys);
        int status = 0;
        if (span_is(word, "five-tuple"))
            status = keys_add(rule, (struct span){five_tuple, strlen(five_tuple)}, error);
        else if (span_is(word, "biflow"))
            rule->fields.biflow = true;
        else
            status = key_add(rule, word, error);
        if (status != 0) return -1;
    }
    return 0;
}

/* Whether one of the rule's values is the same as this one: in another unit, if it is a time. */
static bool has_value(const struct meter_rule *rule, const struct meter_field *value) {
    for (unsigned i = 0; i < rule->fields.n; i++) {
        const struct meter_field *field = rule->fields.fields[i];
        if (field == value) return true;
        if (field->offset == value->offset && value->type >= ELEMENT_DATE_TIME_SECONDS) return true;
    }
    return false;
}

static int values_add(struct meter_rule *rule, struct span values, struct error *error) {
    unsigned first = rule->fields.n;
    struct meter_rule named = *rule;
    while (values.len > 0) {
        struct span word = word_next(&values);
        const struct meter_field *field = field_find(word, METER_FIELD_VALUE);
        if (!field) return field_unknown(rule, word, METER_FIELD_VALUE, error);
        if (field_add(&named, field, error) != 0) return -1;
    }
    /* The standard ones come first. */
    struct span standard = {standard_values, strlen(standard_values)};
    while (standard.len > 0) {
        const struct meter_field *field = field_find(word_next(&standard), METER_FIELD_VALUE);
        if (!has_value(&named, field) && field_add(rule, field, error) != 0) return -1;
    }
    for (unsigned i = first; i < named.fields.n; i++)
        if (field_add(rule, named.fields.fields[i], error) != 0) return -1;
    return 0;
}

/* With one key of an end and not the other, or with other prefixes, there is no way back. */
static int biflow_check(const struct meter_rule *rule, struct error *error) {
    static const struct {
        uint16_t source, destination;
    } ends[] = {{IE_sourceIPv4Address, IE_destinationIPv4Address},
                {IE_sourceTransportPort, IE_destinationTransportPort},
                {IE_sourceMacAddress, IE_destinationMacAddress}};
    bool any = false;
    for (unsigned e = 0; e < sizeof ends / sizeof ends[0]; e++) {
        const uint8_t *source = NULL, *destination = NULL;
        for (unsigned i = 0; i < rule->n_keys; i++) {
            if (rule->fields.fields[i]->id == ends[e].source) source = rule->prefix[i];
            if (rule->fields.fields[i]->id == ends[e].destination) destination = rule->prefix[i];
        }
        if (!source != !destination || (source && memcmp(source, destination, FLOW_FAMILIES) != 0))
            return error_set(error,
                             "rule '%s': biflow requires the %s of both ends as keys, with prefixes of the same length",
                             rule->name,
                             e == 0   ? "addresses"
                             : e == 1 ? "ports"
                                      : "MAC addresses");
        any = any || source;
    }
    return any ? 0 : error_set(error, "rule '%s': biflow requires keys of both ends", rule->name);
}

static int name_set(struct meter_rules *rules, struct meter_rule *rule, struct span name, struct error *error) {
    bool plain = name.len > 0 && name.len < sizeof rule->name;
    for (size_t i = 0; plain && i < name.len; i++)
        plain = isalnum((unsigned char)name.at[i]) || strchr("._-", name.at[i]);
    if (!plain)
        return error_set(error,
                         "'%.*s' is not a rule name; expected up to %d letters, digits, '.', '_' and '-', then ':'",
                         (int)name.len, name.at, METER_RULE_NAME_MAX - 1);
    memcpy(rule->name, name.at, name.len);
    for (const struct meter_rule *other = rules->rules; other < rule; other++)
        if (strcmp(other->name, rule->name) == 0)
            return error_set(error, "rule '%s': the name is repeated", rule->name);
    rule->fields.rule = rule->name;
    return 0;
}

static int rule_parse(struct meter_rules *rules, struct span text, struct error *error) {
    const char *end = text.at + text.len, *colon = memchr(text.at, ':', text.len);
    if (rules->n == METER_RULES_MAX)
        return error_set(error, "'%.*s' is one too many: at most %d rules", (int)text.len, text.at, METER_RULES_MAX);
    if (!colon)
        return error_set(error, "'%.*s': a rule must begin with its name and ':', as in 'all: five-tuple'",
                         (int)text.len, text.at);
    struct meter_rule *rule = &rules->rules[rules->n++];
    if (name_set(rules, rule, span_trim(text.at, colon), error) != 0) return -1;
    struct span rest = span_trim(colon + 1, end);
    const char *arrow = memmem(rest.at, rest.len, "->", 2);
    if (arrow) {
        struct span match = span_trim(rest.at, arrow);
        if (match.len == 0) return error_set(error, "rule '%s': no match before '->'", rule->name);
        rule->match = mem_strndup(match.at, match.len);
        rest = span_trim(arrow + 2, end);
    }
    const char *plus = memchr(rest.at, '+', rest.len);
    struct span keys = span_trim(rest.at, plus ? plus : end), values = span_trim(plus ? plus + 1 : end, end);
    if (keys_add(rule, keys, error) != 0) return -1;
    if (rule->n_keys == 0) return error_set(error, "rule '%s': no key, such as 'five-tuple'", rule->name);
    if (rule->fields.biflow && biflow_check(rule, error) != 0) return -1;
    return values_add(rule, values, error);
}

int meter_rules_parse(struct meter_rules *rules, const char *text, struct error *error) {
    memset(rules, 0, sizeof *rules);
    for (const char *comma;; text = comma + 1) {
        comma = strchrnul(text, ',');
        struct span rule = span_trim(text, comma);
        if (rule.len > 0 && rule_parse(rules, rule, error) != 0) return -1;
        if (!*comma) break;
    }
    return rules->n > 0 ? 0 : error_set(error, "no rule, such as 'all: five-tuple'");
}

void meter_rules_release(struct meter_rules *rules) {
    for (unsigned i = 0; i < rules->n; i++)
        free(rules->rules[i].match);
    rules->n = 0;
}

int meter_match_check(const char *match, struct error *error) {
    struct match compiled = {.is_set = false};
    int status = match_compile(&compiled, DLT_EN10MB, match, error);
    match_release(&compiled);
    return status;
}
