/* The value of an option: from text to its type, and what its type accepts in words. */
#include "base/option.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/url.h"

struct unit {
    const char *suffix;
    int64_t factor;
};

/* Ascending. A bare number is seconds. */
static const struct unit time_units[] = {{"ms", 1},
                                         {"s", 1000},
                                         {"m", 60000},
                                         {"h", 3600000},
                                         {"d", DAY_SECONDS * 1000LL},
                                         {"w", 7 * DAY_SECONDS * 1000LL},
                                         {"y", 365 * DAY_SECONDS * 1000LL},
                                         {NULL, 0}};
static const struct unit byte_units[] = {{"", 1},        {"K", 1 << 10},   {"M", 1 << 20},
                                         {"G", 1 << 30}, {"T", 1LL << 40}, {NULL, 0}};

static const struct option_word bool_words[] = {{"yes", 1}, {"no", 0}, {"true", 1}, {"false", 0}, {"on", 1},
                                                {"off", 0}, {"1", 1},  {"0", 0},    {NULL, 0}};

/* Digits alone, `len` of them. */
static int number_parse(const char *text, size_t len, int64_t *number) {
    *number = 0;
    if (len == 0) return -1;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)text[i])) return -1;
        if (__builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, text[i] - '0', number))
            return -1;
    }
    return 0;
}

/* A number and one of the units' suffixes; `bare` stands for no suffix. */
static int amount_parse(const char *text, size_t len, const struct unit *units, const char *bare, int64_t *amount) {
    size_t digits = 0;
    while (digits < len && isdigit((unsigned char)text[digits]))
        digits++;
    if (number_parse(text, digits, amount)) return -1;
    const char *suffix = digits < len ? text + digits : bare;
    size_t suffix_len = digits < len ? len - digits : strlen(bare);
    for (const struct unit *unit = units; unit->suffix; unit++)
        if (strlen(unit->suffix) == suffix_len && memcmp(unit->suffix, suffix, suffix_len) == 0)
            return __builtin_mul_overflow(*amount, unit->factor, amount) ? -1 : 0;
    return -1;
}

int option_seconds(const char *text, size_t len, int64_t *seconds) {
    if (amount_parse(text, len, time_units, "s", seconds) || *seconds % 1000) return -1;
    *seconds /= 1000;
    return 0;
}

static int range_check(const struct option *option, int64_t number) {
    return number < option->min || (option->max && number > option->max) ? -1 : 0;
}

static int word_parse(const struct option_word *words, const char *text, int *value) {
    for (; words->word; words++) {
        if (strcasecmp(words->word, text) != 0) continue;
        *value = words->value;
        return 0;
    }
    return -1;
}

static int url_check(const struct option *option, const char *text) {
    struct url url;
    int unused;
    if (url_parse(&url, text, NULL)) return -1;
    int status = option->words ? word_parse(option->words, url.scheme, &unused) : 0;
    url_release(&url);
    return status;
}

static int list_parse(const struct option *option, const char *text, struct option_list *list) {
    list->n = 0;
    for (text += strspn(text, ", \t"); *text; text += strspn(text, ", \t")) {
        size_t len = strcspn(text, ", \t");
        int64_t seconds;
        if (list->n == OPTION_LIST_MAX || option_seconds(text, len, &seconds) || range_check(option, seconds))
            return -1;
        for (unsigned i = 0; i < list->n; i++)
            if (list->values[i] == seconds) return -1;
        list->values[list->n++] = (uint32_t)seconds;
        text += len;
    }
    return list->n ? 0 : -1;
}

/* "60=2d, 600=30d" */
static int map_parse(const struct option *option, const char *text, struct option_map *map) {
    map->n = 0;
    for (text += strspn(text, ", \t"); *text; text += strspn(text, ", \t")) {
        size_t len = strcspn(text, ", \t"), key_len = strcspn(text, "=");
        int64_t key, value;
        if (map->n == OPTION_LIST_MAX || key_len >= len || option_seconds(text, key_len, &key) ||
            option_seconds(text + key_len + 1, len - key_len - 1, &value) || key < 1 || key > UINT32_MAX ||
            range_check(option, value))
            return -1;
        for (unsigned i = 0; i < map->n; i++)
            if (map->keys[i] == key) return -1;
        map->keys[map->n] = (uint32_t)key;
        map->values[map->n++] = value;
        text += len;
    }
    return 0;
}

static int time_parse(const char *text, int64_t now, int64_t *value) {
    static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S",
                                          "%Y-%m-%d %H:%M:%S"};
    if (strcmp(text, "now") == 0) {
        *value = now;
        return 0;
    }
    if (*text == '-') {
        int64_t back;
        if (option_seconds(text + 1, strlen(text + 1), &back) || back > now) return -1;
        *value = now - back;
        return 0;
    }
    if (number_parse(text, strlen(text), value) == 0) return 0;
    for (unsigned i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct tm date = {.tm_isdst = -1};
        const char *end = strptime(text, formats[i], &date);
        if (!end || (*end && strcmp(end, "Z") != 0)) continue;
        struct tm given = date;
        *value = *end ? timegm(&date) : mktime(&date);
        /* The C library takes the 31st of February for the 3rd of March. */
        return *value < 0 || date.tm_mday != given.tm_mday ? -1 : 0;
    }
    return -1;
}

size_t option_size(enum option_type type) {
    switch (type) {
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_URL: return sizeof(const char *);
    case OPTION_BOOL: return sizeof(bool);
    case OPTION_COUNT:
    case OPTION_BYTES: return sizeof(uint64_t);
    case OPTION_SECONDS:
    case OPTION_MILLISECONDS:
    case OPTION_TIME: return sizeof(int64_t);
    case OPTION_WORD: return sizeof(int);
    case OPTION_SECONDS_LIST: return sizeof(struct option_list);
    case OPTION_SECONDS_MAP: return sizeof(struct option_map);
    }
    return 0;
}

int option_parse(const struct option *option, const char *text, int64_t now, void *value) {
    size_t len = strlen(text);
    int64_t number = 0;
    int word = 0;
    switch (option->type) {
    case OPTION_URL:
        if ((len || option->standard) && url_check(option, text)) return -1; /* fall through */
    case OPTION_TEXT:
    case OPTION_SECRET: *(const char **)value = len ? mem_strdup(text) : NULL; return 0;
    case OPTION_BOOL:
        if (word_parse(bool_words, text, &word)) return -1;
        *(bool *)value = word == 1;
        return 0;
    case OPTION_WORD:
        if (word_parse(option->words, text, &word)) return -1;
        *(int *)value = word;
        return 0;
    case OPTION_SECONDS_LIST: {
        struct option_list list;
        if (list_parse(option, text, &list)) return -1;
        *(struct option_list *)value = list;
        return 0;
    }
    case OPTION_SECONDS_MAP: {
        struct option_map map;
        if (map_parse(option, text, &map)) return -1;
        *(struct option_map *)value = map;
        return 0;
    }
    case OPTION_COUNT:
        if (number_parse(text, len, &number)) return -1;
        break;
    case OPTION_BYTES:
        if (amount_parse(text, len, byte_units, "", &number)) return -1;
        break;
    case OPTION_SECONDS:
        if (option_seconds(text, len, &number)) return -1;
        break;
    case OPTION_MILLISECONDS:
        if (amount_parse(text, len, time_units, "s", &number)) return -1;
        break;
    case OPTION_TIME:
        if (time_parse(text, now, &number)) return -1;
        break;
    }
    if (range_check(option, number)) return -1;
    if (option->type == OPTION_COUNT || option->type == OPTION_BYTES)
        *(uint64_t *)value = (uint64_t)number;
    else
        *(int64_t *)value = number;
    return 0;
}

/* In the largest unit that says it in a whole number: "5m", "16M", "0". */
static void amount_print(int64_t amount, const struct unit *units, struct buffer *out) {
    const struct unit *best = units;
    for (const struct unit *unit = units; unit->suffix; unit++)
        if (amount % unit->factor == 0) best = unit;
    if (amount == 0)
        buffer_add_text(out, "0");
    else
        buffer_printf(out, "%" PRId64 "%s", amount / best->factor, best->suffix);
}

static void range_print(const struct option *option, const struct unit *units, int64_t factor, struct buffer *out) {
    buffer_add_text(out, " from ");
    amount_print(option->min * factor, units, out);
    buffer_add_text(out, option->max ? " to " : " upwards");
    if (option->max) amount_print(option->max * factor, units, out);
}

static void words_print(const struct option_word *words, const char *ending, struct buffer *out) {
    for (unsigned i = 0; words[i].word; i++)
        buffer_printf(out, "%s%s%s", i == 0 ? "" : words[i + 1].word ? ", " : " or ", words[i].word, ending);
}

void option_accepts(const struct option *option, struct buffer *out) {
    static const struct unit counts[] = {{"", 1}, {NULL, 0}};
    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_SECRET: buffer_add_text(out, "text"); break;
    case OPTION_URL:
        buffer_add_text(out, "a URL that starts with ");
        words_print(option->words, ":", out);
        break;
    case OPTION_BOOL: buffer_add_text(out, "yes or no"); break;
    case OPTION_COUNT:
        buffer_add_text(out, "a number");
        range_print(option, counts, 1, out);
        break;
    case OPTION_BYTES:
        buffer_add_text(out, "a size");
        range_print(option, byte_units, 1, out);
        buffer_add_text(out, ", in bytes or with the suffix K, M, G or T");
        break;
    case OPTION_SECONDS:
        buffer_add_text(out, "a time");
        range_print(option, time_units, 1000, out);
        buffer_add_text(out, ", such as 90, 90s, 5m, 2h, 1d, 1w or 1y");
        break;
    case OPTION_MILLISECONDS:
        buffer_add_text(out, "a time");
        range_print(option, time_units, 1, out);
        buffer_add_text(out, ", such as 250ms, 90, 90s, 5m or 2h");
        break;
    case OPTION_WORD: words_print(option->words, "", out); break;
    case OPTION_SECONDS_LIST:
        buffer_printf(out, "1 to %d different times, each", OPTION_LIST_MAX);
        range_print(option, time_units, 1000, out);
        buffer_add_text(out, ", such as 60, 10m, 1h");
        break;
    case OPTION_SECONDS_MAP:
        buffer_printf(out, "up to %d different times, each followed by '=' and a time", OPTION_LIST_MAX);
        range_print(option, time_units, 1000, out);
        buffer_add_text(out, ", such as 60=2d, 600=30d, 1h=1y");
        break;
    case OPTION_TIME:
        buffer_add_text(out,
                        "a time such as 2026-11-23, 2026-11-23T03:10 (local), 2026-11-23T03:10Z, -2h (before now), "
                        "now or seconds since 1970");
        break;
    }
}
