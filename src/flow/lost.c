/* Entries that report loss: written by us, read by any importer, with jansson: they are few. */
#include "flow/lost.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

const struct lost_text lost_texts[LOST_WHATS] = {
    [LOST_FLOWS] = {"flows", "flows that the exporter had sent, by its sequence numbers"},
    [LOST_MESSAGES] = {"messages", "datagrams that the exporter had sent, by its sequence numbers"},
    [LOST_SETS] = {"sets", "data sets whose template never came, or did not fit them"},
    [LOST_DATAGRAMS] = {"datagrams", "datagrams that the kernel dropped, the socket's buffer being full"},
    [LOST_ENTRIES] = {"entries", "flows that nobody took in time, or that Redis has lost (source redis:…)"},
    [LOST_FRAMES] = {"frames", "frames that the kernel dropped before they were captured"},
};

size_t lost_write(const struct lost *lost, char out[LOST_ENTRY_MAX]) {
    char source[LOST_SOURCE_MAX];
    size_t n = 0;
    /* Sources are addresses and names of interfaces: what JSON would have to escape is none of them. */
    for (const char *at = lost->source; *at && n + 1 < sizeof source; at++)
        source[n++] = *at < ' ' || *at > '~' || *at == '"' || *at == '\\' ? '?' : *at;
    source[n] = '\0';
    return (size_t)snprintf(out, LOST_ENTRY_MAX,
                            "{\"lost\":%" PRIu64 ",\"what\":\"%s\",\"source\":\"%s\",\"start\":%" PRIu32
                            ",\"end\":%" PRIu32 "}",
                            lost->n, lost_texts[lost->what].word, source, lost->start, lost->end);
}

static int refuse(struct reject *reject, enum reject_reason reason, const char *field, const json_t *value) {
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    *reject = (struct reject){.reason = reason};
    snprintf(reject->field, sizeof reject->field, "%s", field);
    snprintf(reject->value, sizeof reject->value, "%.*s", REJECT_VALUE_MAX - 1, text ? text : "");
    free(text);
    return -1;
}

static int number_read(const json_t *object, const char *field, uint64_t max, uint64_t *number, struct reject *reject) {
    const json_t *value = json_object_get(object, field);
    if (!value) return refuse(reject, REJECT_MISSING_FIELD, field, NULL);
    if (!json_is_integer(value)) return refuse(reject, REJECT_WRONG_TYPE, field, value);
    json_int_t integer = json_integer_value(value);
    if (integer < 0 || (uint64_t)integer > max) return refuse(reject, REJECT_OUT_OF_RANGE, field, value);
    *number = (uint64_t)integer;
    return 0;
}

static int text_read(const json_t *object, const char *field, const char **text, struct reject *reject) {
    const json_t *value = json_object_get(object, field);
    if (!value) return refuse(reject, REJECT_MISSING_FIELD, field, NULL);
    if (!json_is_string(value)) return refuse(reject, REJECT_WRONG_TYPE, field, value);
    *text = json_string_value(value);
    return 0;
}

static int object_read(const json_t *object, struct lost *lost, struct reject *reject) {
    const char *what, *source;
    uint64_t start, end;
    if (!json_is_object(object)) return refuse(reject, REJECT_NOT_AN_OBJECT, "", NULL);
    if (number_read(object, "lost", INT64_MAX, &lost->n, reject) != 0 ||
        text_read(object, "what", &what, reject) != 0 || text_read(object, "source", &source, reject) != 0 ||
        number_read(object, "start", UINT32_MAX, &start, reject) != 0 ||
        number_read(object, "end", UINT32_MAX, &end, reject) != 0)
        return -1;
    unsigned i = 0;
    while (i < LOST_WHATS && strcmp(lost_texts[i].word, what) != 0)
        i++;
    if (i == LOST_WHATS) return refuse(reject, REJECT_OUT_OF_RANGE, "what", json_object_get(object, "what"));
    if (strlen(source) >= LOST_SOURCE_MAX)
        return refuse(reject, REJECT_OUT_OF_RANGE, "source", json_object_get(object, "source"));
    if (end < start) return refuse(reject, REJECT_ENDS_BEFORE_START, "end", json_object_get(object, "end"));
    lost->what = (enum lost_what)i;
    snprintf(lost->source, sizeof lost->source, "%s", source);
    lost->start = (uint32_t)start;
    lost->end = (uint32_t)end;
    return 0;
}

int lost_read(const char *text, size_t len, struct lost *lost, struct reject *reject) {
    json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    if (!object) return refuse(reject, REJECT_NOT_JSON, "", NULL);
    int result = object_read(object, lost, reject);
    json_decref(object);
    return result;
}
