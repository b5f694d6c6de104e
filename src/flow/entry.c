/* An entry: values found by the scanner or by jansson, then one assembly of records from them. */
#include "flow/entry.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "flow/coerce.h"
#include "flow/scanner.h"

struct entry_decoder {
    const struct flow_layout *layout;
    struct entry_counters counters;
    struct slots slots;
};

struct entry_decoder *entry_decoder_new(const struct flow_layout *layout) {
    struct entry_decoder *decoder = mem_zalloc(1, sizeof *decoder);
    decoder->layout = layout;
    slots_init(&decoder->slots, layout);
    return decoder;
}

void entry_decoder_free(struct entry_decoder *decoder) {
    if (!decoder) return;
    slots_release(&decoder->slots);
    free(decoder);
}

const struct entry_counters *entry_decoder_counters(const struct entry_decoder *decoder) { return &decoder->counters; }

static bool reject_set(struct reject *reject, enum reject_reason reason, const char *field) {
    reject->reason = reason;
    snprintf(reject->field, sizeof reject->field, "%s", field);
    reject->value[0] = '\0';
    return false;
}

/* Refuses the value of a slot by the spelling that the entry used. */
static bool slot_reject(const struct entry_decoder *decoder, unsigned slot, int reason, struct reject *reject) {
    const struct value *value = &decoder->slots.values[slot];
    reject_set(reject, (enum reject_reason)reason, decoder->slots.names[value->name].name);
    coerce_show(value, reject->value, sizeof reject->value);
    return false;
}

/* jansson's tree into the slots. */
static void object_read(struct entry_decoder *decoder, json_t *object) {
    const char *key;
    json_t *member;
    slots_clear(&decoder->slots);
    json_object_foreach(object, key, member) {
        int name = slots_find(&decoder->slots, key, strlen(key));
        if (name < 0) decoder->counters.unknown_names++;
        unsigned slot = name < 0 ? SLOT_UNKNOWN : decoder->slots.names[name].slot;
        if (slot >= SLOT_COUNT || json_is_null(member)) continue;
        struct value *value = slots_add(&decoder->slots, slot);
        value->name = (uint16_t)name;
        switch (json_typeof(member)) {
        case JSON_INTEGER:
            value->kind = VALUE_INTEGER;
            value->integer = json_integer_value(member);
            break;
        case JSON_REAL:
            value->kind = VALUE_REAL;
            value->real = json_real_value(member);
            break;
        case JSON_STRING:
            value->kind = VALUE_TEXT;
            value->text = json_string_value(member);
            value->len = (uint32_t)json_string_length(member);
            break;
        case JSON_TRUE:
        case JSON_FALSE:
            value->kind = VALUE_BOOLEAN;
            value->integer = json_is_true(member);
            break;
        default: value->kind = VALUE_COMPOUND;
        }
    }
}

/* The text with each number that jansson refuses written so that it finds its own reason, or is ignored: an integer
 * beyond 63 bits as a real, and what no double holds as the largest one (coerce.c). All other numbers stay exact. */
static void numbers_mark(struct buffer *out, const char *text, size_t len) {
    bool quoted = false;
    for (size_t at = 0, next; at < len; at = next) {
        next = at + 1;
        if (text[at] == '"') quoted = !quoted;
        if (quoted && text[at] == '\\' && next < len) next++;
        bool number = !quoted && (text[at] == '-' || isdigit((unsigned char)text[at]));
        while (number && next < len && text[next] && strchr("0123456789.eE+-", text[next]))
            next++;
        size_t start = out->len;
        char *end;
        buffer_add(out, text + at, next - at);
        if (!number) continue;
        double real = strtod(out->data + start, &end);
        if (*end) continue; /* no number: jansson says so */
        errno = 0;
        (void)strtoll(out->data + start, &end, 10);
        if (isinf(real)) {
            out->len = start;
            buffer_printf(out, "%.17g", real < 0 ? -DBL_MAX : DBL_MAX);
        } else if (errno == ERANGE && *end == '\0') {
            buffer_add_text(out, ".0");
        }
    }
}

/* The tree of the text, to be released by json_decref, or NULL with the reason. A byte order mark is ignored, as RFC
 * 8259, section 8.1 allows. */
static json_t *text_parse(const char *text, size_t len, struct reject *reject) {
    static const char mark[] = "\xef\xbb\xbf";
    enum { MARK = sizeof mark - 1 };
    json_error_t error;
    bool marked = false; /* then a position is one in another text */
    if (len >= MARK && memcmp(text, mark, MARK) == 0) {
        text += MARK;
        len -= MARK;
    }
    json_t *tree = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!tree && json_error_code(&error) == json_error_numeric_overflow) {
        struct buffer other = BUFFER_INIT;
        numbers_mark(&other, text, len);
        tree = json_loadb(other.data, other.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        buffer_release(&other);
        marked = true;
    }
    if (tree) return tree;
    reject_set(reject, REJECT_NOT_JSON, "");
    if (marked)
        snprintf(reject->value, sizeof reject->value, "%.48s", error.text);
    else
        snprintf(reject->value, sizeof reject->value, "byte %d: %.48s", error.position, error.text);
    for (char *c = reject->value; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f) *c = '?'; /* the text quotes the entry */
    return NULL;
}

/* Reads the time in the first unit that the entry gives. 1: read, 0: not given, -1: refused. */
static int time_read(const struct entry_decoder *decoder, unsigned first, uint32_t *seconds, struct reject *reject) {
    static const uint64_t per_second[TIME_UNITS] = {1, 1000, 1000, 1000000, 1000000000};
    for (unsigned unit = 0; unit < TIME_UNITS; unit++) {
        if (!slots_has(&decoder->slots, first + unit)) continue;
        int verdict = coerce_time(&decoder->slots.values[first + unit], per_second[unit], seconds);
        if (verdict == COERCE_OK) return 1;
        slot_reject(decoder, first + unit, verdict, reject);
        return -1;
    }
    return 0;
}

/* A field's value into the packed key; an absent one is 0. */
static bool key_read(const struct entry_decoder *decoder, unsigned slot, const struct flow_field *field,
                     unsigned family, uint8_t *packed, struct reject *reject) {
    const struct value *value = &decoder->slots.values[slot];
    unsigned width = field->width[family];
    if (!slots_has(&decoder->slots, slot)) {
        memset(packed, 0, width);
        return true;
    }
    if (field->plain[family] && value->kind == VALUE_INTEGER && value->integer >= 0 &&
        value->integer >> (8 * width - 1) <= 1) { /* as coerce_key() would; nearly every value of every entry */
        be_put(packed, (uint64_t)value->integer, width);
        return true;
    }
    int verdict = coerce_key(value, field->element[family], packed);
    return verdict == COERCE_OK || slot_reject(decoder, slot, verdict, reject);
}

static bool sums_read(const struct entry_decoder *decoder, unsigned first, bool required, uint64_t *sums,
                      struct reject *reject) {
    const struct flow_layout *layout = decoder->layout;
    for (unsigned i = 0; i < layout->n_sums; i++) {
        sums[i] = 0;
        if (!slots_has(&decoder->slots, first + i)) {
            if (required) return reject_set(reject, REJECT_MISSING_FIELD, layout->sums[i]->name);
            continue;
        }
        int verdict = coerce_sum(&decoder->slots.values[first + i], layout->sums[i], &sums[i]);
        if (verdict != COERCE_OK) return slot_reject(decoder, first + i, verdict, reject);
    }
    return true;
}

static bool all_zero(const uint8_t *bytes, size_t len) {
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++)
        any |= bytes[i];
    return any == 0;
}

/* Both ends' addresses of both families, and which family the flow is of. An unspecified address counts as absent where
 * the other family has one: exporters with one template for both families send both. */
static bool addresses_read(const struct entry_decoder *decoder, struct flow_record *record, bool *mixed,
                           struct reject *reject) {
    const struct slots *slots = &decoder->slots;
    const struct flow_field *ends = &decoder->layout->fields[TUPLE_SOURCE]; /* and the destination behind it */
    uint8_t ipv4[2][4], ipv6[2][16];
    for (unsigned end = 0; end < 2; end++)
        if (!key_read(decoder, SLOT_TUPLE + end, &ends[end], FLOW_IPV4, ipv4[end], reject)) return false;
    bool has_ipv4 = slots_has(slots, SLOT_TUPLE + TUPLE_SOURCE) || slots_has(slots, SLOT_TUPLE + TUPLE_DESTINATION);
    bool has_ipv6 = slots_has(slots, SLOT_SOURCE_IPV6) || slots_has(slots, SLOT_DESTINATION_IPV6);
    *mixed = false;
    record->family = FLOW_IPV4;
    if (has_ipv6) {
        for (unsigned end = 0; end < 2; end++)
            if (!key_read(decoder, SLOT_SOURCE_IPV6 + end, &ends[end], FLOW_IPV6, ipv6[end], reject)) return false;
        bool some_ipv6 = !all_zero(ipv6[0], sizeof ipv6);
        *mixed = some_ipv6 && !all_zero(ipv4[0], sizeof ipv4);
        if (some_ipv6 || !has_ipv4) record->family = FLOW_IPV6;
    }
    if (record->family == FLOW_IPV6)
        memcpy(record->key, ipv6, sizeof ipv6);
    else
        memcpy(record->key, ipv4, sizeof ipv4);
    return true;
}

/* The ports, the protocol and the configured keys beyond the five-tuple. */
static bool keys_read(const struct entry_decoder *decoder, struct flow_record *record, struct reject *reject) {
    const struct flow_layout *layout = decoder->layout;
    for (unsigned i = TUPLE_SOURCE_PORT; i < layout->n_fields; i++) {
        const struct flow_field *field = &layout->fields[i];
        unsigned slot = i < FLOW_TUPLE_FIELDS ? SLOT_TUPLE + i : decoder->slots.key_slots[i - FLOW_TUPLE_FIELDS];
        uint8_t *packed = record->key + field->offset[record->family];
        if (!key_read(decoder, slot, field, record->family, packed, reject)) return false;
    }
    return true;
}

static bool forward_read(const struct entry_decoder *decoder, struct flow_record *record, bool *mixed,
                         struct reject *reject) {
    int start = time_read(decoder, SLOT_START, &record->start, reject);
    if (start == 0) reject_set(reject, REJECT_MISSING_FIELD, "flowStartSeconds");
    if (start <= 0) return false;
    int end = time_read(decoder, SLOT_END, &record->end, reject);
    if (end == 0) reject_set(reject, REJECT_MISSING_FIELD, "flowEndSeconds");
    if (end <= 0) return false;
    if (!sums_read(decoder, SLOT_SUMS, true, record->sums, reject) || !addresses_read(decoder, record, mixed, reject) ||
        !keys_read(decoder, record, reject))
        return false;
    if (record->family == FLOW_IPV6 && !*mixed && flow_layout_unmap(decoder->layout, record->key))
        record->family = FLOW_IPV4;
    return true;
}

/* The second direction of a biflow (RFC 5103, VERMONT's rev…). 1: there is one, 0: there is none, -1: refused. */
static int reverse_read(const struct entry_decoder *decoder, const struct flow_record *forward,
                        struct flow_record *record, struct reject *reject) {
    const struct flow_layout *layout = decoder->layout;
    const uint64_t *seen = decoder->slots.seen;
    _Static_assert(SLOT_REVERSE >= 32 && SLOT_TUPLE <= 128, "the reverse slots lie in the first two words");
    if (!(seen[0] >> SLOT_REVERSE) && !(seen[1] << (128 - SLOT_TUPLE))) return 0;
    enum flow_family family = (enum flow_family)forward->family;
    *record = *forward;
    int start = time_read(decoder, SLOT_REVERSE + SLOT_START, &record->start, reject);
    int end = start < 0 ? -1 : time_read(decoder, SLOT_REVERSE + SLOT_END, &record->end, reject);
    if (end < 0 || !sums_read(decoder, SLOT_REVERSE + SLOT_SUMS, false, record->sums, reject)) return -1;
    flow_layout_turn(layout, family, record->key);
    for (unsigned i = FLOW_TUPLE_FIELDS; i < layout->n_fields; i++) {
        unsigned slot = SLOT_REVERSE + decoder->slots.key_slots[i - FLOW_TUPLE_FIELDS];
        const struct flow_field *field = &layout->fields[i];
        if (slots_has(&decoder->slots, slot) &&
            !key_read(decoder, slot, field, family, record->key + field->offset[family], reject))
            return -1;
    }
    if (start > 0) return record->start != 0;
    return !all_zero((const uint8_t *)record->sums, layout->n_sums * sizeof record->sums[0]);
}

/* The flows of the values that a reader has found. The number of records; 0 with the reason. */
static int slots_decode(const struct entry_decoder *decoder, struct flow_record records[ENTRY_RECORDS_MAX],
                        struct reject *reject) {
    bool mixed;
    if (!forward_read(decoder, &records[0], &mixed, reject)) return 0;
    int second = reverse_read(decoder, &records[0], &records[1], reject);
    if (second < 0) return 0;
    if (!mixed) return 1 + second;
    reject_set(reject, REJECT_MIXED_FAMILIES, "sourceIPv6Address");
    return 0;
}

int entry_decode(struct entry_decoder *decoder, enum entry_reader reader, const char *text, size_t len,
                 struct flow_record records[ENTRY_RECORDS_MAX], struct reject *reject) {
    int n = 0;
    if (reader != ENTRY_JANSSON_ONLY && scanner_read(&decoder->slots, text, len, &decoder->counters.unknown_names)) {
        decoder->counters.scanned++;
        return slots_decode(decoder, records, reject);
    }
    if (reader == ENTRY_SCANNER_ONLY) return ENTRY_IS_LEFT;
    decoder->counters.parsed++;
    json_t *tree = text_parse(text, len, reject);
    if (json_is_object(tree)) {
        object_read(decoder, tree);
        n = slots_decode(decoder, records, reject);
    } else if (tree) {
        reject_set(reject, REJECT_NOT_AN_OBJECT, "");
        if (json_is_array(tree)) n = ENTRY_IS_LIST;
    }
    json_decref(tree);
    return n;
}

/* "[3].octetDeltaCount" */
static void reject_place(struct reject *reject, size_t index) {
    char field[REJECT_FIELD_MAX];
    snprintf(field, sizeof field, "%s", reject->field);
    snprintf(reject->field, sizeof reject->field, "[%zu]%s%.40s", index, *field ? "." : "", field);
}

bool entry_decode_list(struct entry_decoder *decoder, const char *text, size_t len, entry_list_fn *each, void *context,
                       struct reject *reject) {
    struct flow_record records[ENTRY_RECORDS_MAX];
    json_t *list = text_parse(text, len, reject), *object;
    size_t i;
    bool good = list;
    json_array_foreach(list, i, object) {
        int n = 0;
        if (json_is_object(object)) {
            object_read(decoder, object);
            n = slots_decode(decoder, records, reject);
        } else {
            reject_set(reject, REJECT_NOT_AN_OBJECT, "");
        }
        good = n > 0 && each(context, records, (unsigned)n, reject);
        if (good) continue;
        reject_place(reject, i);
        break;
    }
    if (list && json_array_size(list) == 0) good = reject_set(reject, REJECT_NOT_AN_OBJECT, "");
    json_decref(list);
    return good;
}
