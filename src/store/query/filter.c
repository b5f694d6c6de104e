/* The grammar of filters. */
#include "store/query/filter.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "flow/coerce.h"
#include "flow/record.h"

enum { VALUE_TEXT_MAX = 2 * ELEMENT_TEXT_MAX };

struct parser {
    struct filter *filter;
    const struct dimensions *dimensions;
    const char *term, *at; /* where the term begins; what is read next */
    struct filter_fault *fault;
    char value[VALUE_TEXT_MAX + 1]; /* without its quotes */
    size_t value_len;
    bool is_quoted;
    bool has_or;    /* outside of brackets */
    unsigned depth; /* of brackets */
};

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Returns -1. */
static int refuse(const struct parser *parser, const char *accepted) {
    const char *end = parser->at;
    while (*end && !is_blank(*end))
        end++;
    snprintf(parser->fault->term, sizeof parser->fault->term, "%.*s", (int)(end - parser->term), parser->term);
    if (accepted) snprintf(parser->fault->accepted, sizeof parser->fault->accepted, "%s", accepted);
    return -1;
}

/* Values
 * ---------------------------------------------------------------------------------------------------------------- */

static const char *const accepted_forms[] = {
    [DIMENSION_ADDRESS] = "an IPv4 or IPv6 address, or a prefix such as 10.0.0.0/8",
    [DIMENSION_PORT] = "a port from 0 to 65535, or a range such as 8000-8080",
    [DIMENSION_PROTOCOL] = "a protocol name, a number from 0 to 255, or a range such as 50-51",
    [DIMENSION_CLASS] = "tcp, udp, icmp or other",
    [DIMENSION_FAMILY] = "4 or 6",
    [DIMENSION_NUMBER] = "a whole number within the element's range, or a range such as 1-9",
    [DIMENSION_PREFIX] = "an IPv4 or IPv6 prefix such as 10.0.0.0/8",
    [DIMENSION_NAME] = "a name; \"\" is what has none",
    [DIMENSION_DIRECTION] = "in, out, internal or transit",
    [DIMENSION_SERVICE] = "a port from 0 (none) to 65535, or a range such as 8000-8080",
    [DIMENSION_TEXT] = "a value of the element, in double quotes if it contains a space, a comma or a quote",
};

static int word_parse(const char *text, const char *const *words, unsigned n, struct filter_value *value) {
    for (unsigned i = 0; i < n; i++)
        if (strcmp(words[i], text) == 0) {
            value->low[0] = value->high[0] = (uint8_t)i;
            return 0;
        }
    return -1;
}

/* 0 to `max`, without leading zeros. */
static int bits_parse(const char *text, unsigned max, unsigned *bits) {
    size_t len = strlen(text);
    if (len < 1 || len > 3 || strspn(text, "0123456789") != len || (len > 1 && *text == '0')) return -1;
    *bits = (unsigned)atoi(text);
    return *bits <= max ? 0 : -1;
}

static int address_parse(const struct dimension *dimension, const char *text, struct filter_value *value) {
    static const struct {
        int af;
        uint8_t type;
        unsigned bits;
    } kinds[] = {{AF_INET, ELEMENT_IPV4_ADDRESS, 32}, {AF_INET6, ELEMENT_IPV6_ADDRESS, 128}};
    const char *slash = strchr(text, '/');
    char address[INET6_ADDRSTRLEN];
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    if (len >= sizeof address) return -1;
    memcpy(address, text, len);
    address[len] = '\0';
    for (unsigned kind = 0; kind < 2; kind++) {
        unsigned bits = kinds[kind].bits;
        if (inet_pton(kinds[kind].af, address, value->low) != 1) continue;
        if (slash && bits_parse(slash + 1, bits, &bits) != 0) return -1;
        for (unsigned i = 0; i < kinds[kind].bits / 8; i++) {
            unsigned kept = bits >= 8 * i + 8 ? 8 : bits > 8 * i ? bits - 8 * i : 0;
            uint8_t host = (uint8_t)(0xff >> kept);
            value->low[i] = (uint8_t)(value->low[i] & ~host);
            value->high[i] = (uint8_t)(value->low[i] | host);
        }
        value->families = 0;
        for (unsigned family = 0; family < FLOW_FAMILIES; family++)
            if (dimension->field[0]->element[family]->type == kinds[kind].type)
                value->families |= (uint8_t)(1 << family);
        return value->families ? 0 : -1;
    }
    return -1;
}

static int element_parse(const struct element *element, const char *text, size_t len, uint8_t *packed) {
    struct value value = {.kind = VALUE_TEXT, .len = (uint32_t)len, .text = text};
    char *end;
    if (*text == '-' && len > 1 && len <= 20 && element->type >= ELEMENT_SIGNED8 && element->type <= ELEMENT_SIGNED64) {
        value = (struct value){.kind = VALUE_INTEGER, .integer = strtoll(text, &end, 10)};
        if (end != text + len) return -1;
    }
    if (coerce_key(&value, element, packed) != COERCE_OK) return -1;
    /* SQL's integers are signed. */
    return element_width(element) == 8 && element->type == ELEMENT_UNSIGNED64 && packed[0] & 0x80 ? -1 : 0;
}

/* A name that stands nowhere is probably a mistake; "" is that of what has none. */
static int name_parse(const struct parser *parser, const struct dimension *dimension, struct filter_value *value) {
    uint32_t name = name_book_value(dimension->book, parser->value, parser->value_len);
    if (name == 0 && parser->value_len > 0) return -1;
    be32_put(value->low, name);
    be32_put(value->high, name);
    return 0;
}

static int value_parse(const struct parser *parser, const struct dimension *dimension, struct filter_value *value) {
    static const char *const families[FLOW_FAMILIES] = {"4", "6"};
    const char *text = parser->value;
    *value = (struct filter_value){.families = 1 << FLOW_IPV4 | 1 << FLOW_IPV6};
    switch (dimension->form) {
    case DIMENSION_ADDRESS:
    case DIMENSION_PREFIX: return address_parse(dimension, text, value);
    case DIMENSION_NAME: return name_parse(parser, dimension, value);
    case DIMENSION_DIRECTION: return word_parse(text, dimension_direction_names, DIRECTIONS, value);
    case DIMENSION_CLASS: return word_parse(text, proto_class_names, PROTO_CLASSES, value);
    case DIMENSION_FAMILY: return word_parse(text, families, FLOW_FAMILIES, value);
    default: break;
    }
    const struct element *element = dimension->field[0]->element[FLOW_IPV4];
    if (dimension->role == ROLE_AS && strncasecmp(text, "AS", 2) == 0)
        return element_parse(element, text + 2, parser->value_len - 2, value->low) == 0
                   ? (memcpy(value->high, value->low, sizeof value->high), 0)
                   : -1;
    const char *to = dimension->form == DIMENSION_TEXT || !*text ? NULL : strchr(text + 1, '-');
    if (!to || element_parse(element, text, parser->value_len, value->low) == 0) {
        if (element_parse(element, text, parser->value_len, value->low) != 0) return -1;
        memcpy(value->high, value->low, sizeof value->high);
        return 0;
    }
    unsigned width = element_width(element);
    if (element_parse(element, text, (size_t)(to - text), value->low) != 0 ||
        element_parse(element, to + 1, strlen(to + 1), value->high) != 0)
        return -1;
    /* Of signed numbers the first bit says which is the lesser. */
    bool is_signed = element->type >= ELEMENT_SIGNED8 && element->type <= ELEMENT_SIGNED64;
    if (is_signed && (value->low[0] ^ value->high[0]) & 0x80) return value->low[0] & 0x80 ? 0 : -1;
    return memcmp(value->low, value->high, width) <= 0 ? 0 : -1;
}

/* The value's text without its quotes, up to the comma, blank or end behind it. */
static int value_read(struct parser *parser) {
    const char *at = parser->at;
    parser->value_len = 0;
    parser->is_quoted = *at == '"';
    if (parser->is_quoted) at++;
    for (;; at++) {
        if (parser->is_quoted) {
            if (!*at) return -1;
            if (*at == '"' && *++at != '"') break;
        } else if (!*at || *at == ',' || is_blank(*at) || (*at == ')' && parser->depth > 0)) {
            break;
        }
        if (parser->value_len == VALUE_TEXT_MAX) return -1;
        parser->value[parser->value_len++] = *at;
    }
    parser->value[parser->value_len] = '\0';
    if (*at && *at != ',' && !is_blank(*at) && (*at != ')' || parser->depth == 0)) return -1; /* behind a quote */
    if (parser->value_len == 0 && !parser->is_quoted) return -1;
    parser->at = at;
    return 0;
}

/* Terms
 * ----------------------------------------------------------------------------------------------------------------- */

/* With some of those that there are. */
static int names_refuse(const struct parser *parser, const struct dimension *dimension) {
    enum { SHOWN = 8 };
    uint32_t names[SHOWN];
    struct buffer accepted = BUFFER_INIT;
    unsigned n = name_book_values(dimension->book, dimension->subject, names, SHOWN);
    buffer_printf(&accepted, "a %s in the files of [names], such as ",
                  name_book_subject(dimension->book, dimension->subject));
    for (unsigned i = 0; i < n; i++)
        buffer_printf(&accepted, "%s%s", i ? ", " : "", name_book_text(dimension->book, names[i]));
    refuse(parser, accepted.data);
    buffer_release(&accepted);
    return -1;
}

static int name_refuse(const struct parser *parser) {
    struct buffer accepted = BUFFER_INIT;
    buffer_add_text(&accepted, "terms such as host=192.0.2.7 or octets>1M, with one of the names ");
    dimensions_show(parser->dimensions, &accepted);
    refuse(parser, accepted.data);
    buffer_release(&accepted);
    return -1;
}

/* -1: there are too many. */
static int value_add(struct parser *parser, struct filter_term *term, const struct filter_value *value) {
    struct filter *filter = parser->filter;
    if (term->n == FILTER_VALUES_MAX || filter->n_values == FILTER_ALL_MAX) {
        snprintf(parser->fault->accepted, sizeof parser->fault->accepted, "at most %d values in a term and %d in all",
                 FILTER_VALUES_MAX, FILTER_ALL_MAX);
        return refuse(parser, NULL);
    }
    filter->values = mem_realloc(filter->values, filter->n_values + 1, sizeof filter->values[0]);
    filter->values[filter->n_values++] = *value;
    term->n++;
    return 0;
}

/* Whether the column of this dimension has addresses of the family. */
static bool has_family(const struct dimension *dimension, unsigned family) {
    uint8_t type = family == FLOW_IPV4 ? ELEMENT_IPV4_ADDRESS : ELEMENT_IPV6_ADDRESS;
    return dimension->field[0]->element[FLOW_IPV4]->type == type ||
           dimension->field[0]->element[FLOW_IPV6]->type == type;
}

static int addresses_add(struct parser *parser, struct filter_term *term, uint32_t name) {
    const struct name_book *book = parser->dimensions->book;
    const struct dimension *dimension = term->dimension;
    struct name_address list[FILTER_VALUES_MAX + 1];
    bool is_exporter = dimension->role == ROLE_EXPORTER;
    unsigned n = is_exporter ? name_book_exporters(book, name, list, FILTER_VALUES_MAX + 1)
                 : dimension->role == ROLE_NONE && dimension->in_index
                     ? name_book_hosts(book, name, list, FILTER_VALUES_MAX + 1)
                     : 0;
    for (unsigned i = 0; i < n; i++) {
        struct filter_value value = {.families = 0};
        for (unsigned family = 0; family < FLOW_FAMILIES; family++)
            if (dimension->field[0]->element[family]->type ==
                (list[i].family == FLOW_IPV4 ? ELEMENT_IPV4_ADDRESS : ELEMENT_IPV6_ADDRESS))
                value.families |= (uint8_t)(1 << family);
        memcpy(value.low, list[i].bytes, sizeof list[i].bytes);
        memcpy(value.high, list[i].bytes, sizeof list[i].bytes);
        if (has_family(dimension, list[i].family) && value_add(parser, term, &value) != 0) return -1;
    }
    return 0;
}

/* The dimension of the addresses of exporters of this family; NULL: they are no flow key. */
static const struct dimension *exporter_dimension(const struct dimensions *dimensions, unsigned family) {
    for (unsigned i = 0; i < dimensions->n; i++)
        if (dimensions->list[i].role == ROLE_EXPORTER && has_family(&dimensions->list[i], family))
            return &dimensions->list[i];
    return NULL;
}

/* The number of something of one exporter. */
static int number_add(struct parser *parser, struct filter_term *term, unsigned family, const uint8_t *exporter,
                      uint32_t number) {
    unsigned width = dimension_key(term->dimension, FLOW_IPV4).width;
    struct filter_value value = {.families = 1 << FLOW_IPV4 | 1 << FLOW_IPV6};
    value.exporter = exporter_dimension(parser->dimensions, family);
    if (!value.exporter || (width < 4 && number >> 8 * width)) return 0;
    memcpy(value.exporter_address, exporter, sizeof value.exporter_address);
    be_put(value.low, number, width);
    be_put(value.high, number, width);
    return value_add(parser, term, &value);
}

static int interfaces_add(struct parser *parser, struct filter_term *term, uint32_t name) {
    const struct name_interface *list[FILTER_VALUES_MAX + 1];
    unsigned n = name_book_interfaces(parser->dimensions->book, name, list, FILTER_VALUES_MAX + 1);
    for (unsigned i = 0; i < n; i++)
        if (number_add(parser, term, list[i]->family, list[i]->exporter, list[i]->index) != 0) return -1;
    return 0;
}

static int vrfs_add(struct parser *parser, struct filter_term *term, uint32_t name) {
    const struct name_thing *list[FILTER_VALUES_MAX + 1];
    unsigned n = name_book_things(parser->dimensions->book, NAMED_VRF, name, list, FILTER_VALUES_MAX + 1);
    for (unsigned i = 0; i < n; i++)
        if (number_add(parser, term, list[i]->family, list[i]->exporter, (uint32_t)strtoul(list[i]->id, NULL, 10)) != 0)
            return -1;
    return 0;
}

/* Their numbers, whosever: each once, for they come in this order. */
static int applications_add(struct parser *parser, struct filter_term *term, uint32_t name) {
    enum { LISTED = 4096 };
    const struct name_thing **list = mem_alloc(LISTED * sizeof *list);
    unsigned n = name_book_things(parser->dimensions->book, NAMED_APPLICATION, name, list, LISTED);
    int failed = 0;
    for (unsigned i = 0; i < n && !failed; i++) {
        struct filter_value value = {.families = 1 << FLOW_IPV4 | 1 << FLOW_IPV6};
        if (i > 0 && strcmp(list[i - 1]->id, list[i]->id) == 0) continue;
        memcpy(value.low, list[i]->id, sizeof list[i]->id);
        memcpy(value.high, list[i]->id, sizeof list[i]->id);
        failed = value_add(parser, term, &value);
    }
    free(list);
    return failed;
}

/* What things are called instead of their addresses and numbers. Returns whether there is such a thing; -1: too many.
 */
static int named_add(struct parser *parser, struct filter_term *term) {
    uint32_t name = name_book_value(parser->dimensions->book, parser->value, parser->value_len);
    unsigned before = term->n;
    int failed = 0;
    if (name && term->dimension->form == DIMENSION_ADDRESS) failed = addresses_add(parser, term, name);
    if (name && term->dimension->role == ROLE_INTERFACE) failed = interfaces_add(parser, term, name);
    if (name && term->dimension->role == ROLE_VRF) failed = vrfs_add(parser, term, name);
    if (name && term->dimension->role == ROLE_APPLICATION) failed = applications_add(parser, term, name);
    return failed != 0 ? failed : term->n > before;
}

static int values_parse(struct parser *parser, struct filter_term *term) {
    do {
        struct filter_value value;
        if (value_read(parser) != 0) return refuse(parser, accepted_forms[term->dimension->form]);
        /* Any text may be the number of an application. */
        int named = term->dimension->role == ROLE_APPLICATION ? named_add(parser, term) : 0;
        if (named == 0 && value_parse(parser, term->dimension, &value) == 0) {
            if (value_add(parser, term, &value) != 0) return -1;
            continue;
        }
        if (named == 0) named = named_add(parser, term);
        if (named < 0) return -1;
        if (named > 0) continue;
        return term->dimension->form == DIMENSION_NAME ? names_refuse(parser, term->dimension)
                                                       : refuse(parser, accepted_forms[term->dimension->form]);
    } while (*parser->at == ',' && parser->at++);
    return 0;
}

static int step_add(struct parser *parser, enum filter_act act, unsigned term) {
    struct filter *filter = parser->filter;
    if (filter->n_steps == FILTER_STEPS_MAX) {
        parser->term = parser->at;
        return refuse(parser, "fewer brackets");
    }
    filter->steps[filter->n_steps++] = (struct filter_step){(uint8_t)act, (uint8_t)term};
    filter->is_nested |= act == FILTER_OR || act == FILTER_NOT;
    return 0;
}

/* Of single flows it says nothing, so that it can't be one of several ways to match. */
static int bound_refuse(const struct parser *parser) {
    return refuse(parser, "a comparison such as octets>1M outside of brackets, without ! and or: it chooses among what "
                          "is listed");
}

static int bound_add(struct parser *parser) {
    struct filter *filter = parser->filter;
    struct buffer accepted = BUFFER_INIT;
    parser->term = parser->at;
    if (parser->depth > 0 || parser->has_or) return bound_refuse(parser);
    if (filter->n_bounds == FILTER_BOUNDS_MAX) return refuse(parser, "at most 8 comparisons");
    size_t len = strcspn(parser->at, " \t");
    if (bound_parse(&filter->bounds[filter->n_bounds], parser->dimensions->layout, parser->at, len) == 0) {
        filter->n_bounds++;
        parser->at += len;
        return 0;
    }
    bound_accepts(parser->dimensions->layout, &accepted);
    refuse(parser, accepted.data);
    buffer_release(&accepted);
    return -1;
}

static int term_parse(struct parser *parser) {
    struct filter *filter = parser->filter;
    if (bound_is(parser->at)) return bound_add(parser);
    struct filter_term *term = &filter->terms[filter->n_terms];
    parser->term = parser->at;
    if (filter->n_terms == FILTER_TERMS_MAX) {
        snprintf(parser->fault->accepted, sizeof parser->fault->accepted, "at most %d terms", FILTER_TERMS_MAX);
        return refuse(parser, NULL);
    }
    *term = (struct filter_term){.is_not = *parser->at == '!', .first = filter->n_values};
    parser->at += term->is_not;
    if (bound_is(parser->at)) return bound_refuse(parser);
    size_t len = strcspn(parser->at, "= \t");
    term->dimension = dimension_find(parser->dimensions, parser->at, len);
    if (!term->dimension || !term->dimension->can_filter || parser->at[len] != '=') return name_refuse(parser);
    parser->at += len + 1;
    filter->n_terms++;
    if (values_parse(parser, term) != 0) return -1;
    return step_add(parser, FILTER_TERM, filter->n_terms - 1);
}

/* Expressions
 * ----------------------------------------------------------------------------------------------------------- */

static void blanks_pass(struct parser *parser) {
    while (is_blank(*parser->at))
        parser->at++;
}

static bool is_or(const struct parser *parser) {
    return strncmp(parser->at, "or", 2) == 0 && (!parser->at[2] || is_blank(parser->at[2]) || parser->at[2] == '(');
}

static bool is_end(const struct parser *parser) { return !*parser->at || (*parser->at == ')' && parser->depth > 0); }

static int any_parse(struct parser *parser);

/* A term, or a bracket. */
static int one_parse(struct parser *parser) {
    bool is_not = *parser->at == '!';
    if (parser->at[is_not] != '(') return term_parse(parser);
    parser->term = parser->at;
    parser->at += 1 + is_not;
    if (parser->depth == FILTER_DEPTH_MAX) return refuse(parser, "at most 16 brackets in one another");
    parser->depth++;
    const char *open = parser->term;
    if (any_parse(parser) != 0) return -1;
    if (*parser->at != ')') {
        parser->term = open;
        return refuse(parser, "a closing bracket behind it");
    }
    parser->at++;
    parser->depth--;
    if (*parser->at && !is_blank(*parser->at) && !is_end(parser)) {
        parser->term = parser->at;
        return refuse(parser, "a blank behind a closing bracket");
    }
    return is_not ? step_add(parser, FILTER_NOT, 0) : 0;
}

/* Terms and brackets that must all hold. */
static int all_parse(struct parser *parser) {
    blanks_pass(parser);
    if (is_end(parser) || is_or(parser)) {
        parser->term = parser->at;
        return refuse(parser, "a term on both sides of or, and in brackets");
    }
    for (unsigned n = 0; !is_end(parser) && !is_or(parser); blanks_pass(parser)) {
        unsigned before = parser->filter->n_steps;
        if (one_parse(parser) != 0) return -1;
        bool is_step = parser->filter->n_steps > before; /* a bound is none */
        if (is_step && n++ > 0 && step_add(parser, FILTER_AND, 0) != 0) return -1;
    }
    return 0;
}

/* Those on one side of an "or". */
static int any_parse(struct parser *parser) {
    if (all_parse(parser) != 0) return -1;
    while (is_or(parser)) {
        parser->term = parser->at;
        parser->has_or |= parser->depth == 0;
        if (parser->has_or && parser->filter->n_bounds > 0) return bound_refuse(parser);
        parser->at += strlen("or");
        if (all_parse(parser) != 0 || step_add(parser, FILTER_OR, 0) != 0) return -1;
    }
    return 0;
}

int filter_parse(struct filter *filter, const struct dimensions *dimensions, const char *text,
                 struct filter_fault *fault) {
    struct parser parser = {.filter = filter, .dimensions = dimensions, .at = text ? text : "", .fault = fault};
    filter->n_terms = filter->n_values = filter->n_steps = filter->n_bounds = 0;
    filter->is_nested = false;
    filter->values = NULL;
    blanks_pass(&parser);
    if (!*parser.at || any_parse(&parser) == 0) return 0;
    filter_release(filter);
    return -1;
}

void filter_release(struct filter *filter) {
    free(filter->values);
    filter->values = NULL;
    filter->n_terms = filter->n_values = filter->n_bounds = 0;
}
