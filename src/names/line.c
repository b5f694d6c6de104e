/* The grammar of a line of names, and which texts a name may be. */
#include "names/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/text.h"

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Texts
 * ----------------------------------------------------------------------------------------------------------------- */

static int text_check(const struct line_word *word, struct error *error) {
    uint32_t code = 0;
    if (word->len > NAMES_TEXT_MAX)
        return error_set(error, "the value of %s has more than %d bytes", word->name, NAMES_TEXT_MAX);
    if (word->len == 0) return error_set(error, "%s has no value", word->name);
    for (size_t i = 0, n; i < word->len; i += n) {
        n = text_char((const uint8_t *)word->value + i, word->len - i, &code);
        if (n == 0) return error_set(error, "the value of %s is not UTF-8", word->name);
        if (text_is_hidden(code))
            return error_set(error, "the value of %s contains the invisible character U+%04" PRIX32, word->name, code);
    }
    return 0;
}

/* Words
 * ----------------------------------------------------------------------------------------------------------------- */

/* The next word without a name, ended by a NUL; NULL: there is none. */
static char *bare_next(char **at) {
    while (is_blank(**at))
        (*at)++;
    if (!**at || **at == '#') return NULL;
    char *word = *at;
    while (**at && !is_blank(**at))
        (*at)++;
    if (**at) *(*at)++ = '\0';
    return word;
}

/* The value at *at, without its quotes. */
static int value_next(struct line_word *word, char **at, struct error *error) {
    char *from = *at, *to = from;
    bool is_quoted = *from == '"';
    word->value = to;
    if (is_quoted) from++;
    for (;; from++) {
        if (is_quoted && !*from) return error_set(error, "the value of %s has no closing quote", word->name);
        if (is_quoted && *from == '"' && *++from != '"') break;
        if (!is_quoted && (!*from || is_blank(*from))) break;
        *to++ = *from;
    }
    if (*from && !is_blank(*from))
        return error_set(error, "a blank is missing behind the quoted value of %s", word->name);
    word->len = (size_t)(to - word->value);
    *at = *from ? from + 1 : from;
    *to = '\0';
    return 0;
}

/* Names that other things have, so that no tag may be called so. */
static bool is_taken(const char *name) {
    static const char *const taken[] = {
        "application", "as",     "in_vrf",  "out_vrf", "country",     "hosts",     "peers",   "ports",  "rows",
        "source",      "vrf",    "bucket",  "class",   "description", "direction", "dport",   "dst",    "either",
        "family",      "flows",  "host",    "in",      "interface",   "local",     "network", "octets", "others",
        "exporter",    "out",    "packets", "port",    "proto",       "service",   "speed",   "sport",  "src",
        "time",        "prefix", "and",     "or",      "not"};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strcmp(taken[i], name) == 0) return true;
    return strncmp(name, "src_", 4) == 0 || strncmp(name, "dst_", 4) == 0;
}

static int tag_check(const char *name, struct error *error) {
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (name[len] || *name < 'a' || *name > 'z' || len > NAMES_TAG_MAX)
        return error_set(error,
                         "'%.32s' is not a tag: expected up to %d lower-case letters, digits and '_', a letter first",
                         name, NAMES_TAG_MAX);
    return is_taken(name) ? error_set(error, "'%s' can't be the name of a tag: it has a meaning of its own", name) : 0;
}

/* What an interface has besides texts. */
static int speed_read(const char *text, uint64_t *speed);
static int octets_read(const char *text, uint64_t *number);
static const struct {
    const char *name;
    int (*read)(const char *text, uint64_t *number);
    const char *accepted;
} numbers[] = {{"speed", speed_read, "bits a second, such as 10G"},
               {"counted", octets_read, "seconds since 1970"},
               {"in_octets", octets_read, "a number"},
               {"out_octets", octets_read, "a number"}};

static int name_check(const struct line *line, const char *name, struct error *error) {
    if (strcmp(name, "name") == 0) return 0;
    if (line->kind == LINE_ADDRESS) return tag_check(name, error);
    bool is_interface = line->kind == LINE_INTERFACE;
    if (strcmp(name, "description") == 0 || (line->kind != LINE_EXPORTER && strcmp(name, "source") == 0)) return 0;
    if (is_interface)
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
            if (strcmp(name, numbers[i].name) == 0) return 0;
    return error_set(error, "'%.32s' is not accepted: expected %s", name,
                     is_interface ? "name, description or speed" : "name or description");
}

static int words_parse(struct line *line, char *at, struct error *error) {
    for (;;) {
        while (is_blank(*at))
            at++;
        if (!*at || *at == '#') break;
        char *equals = at + strcspn(at, "= \t\"");
        if (*equals != '=') {
            at[strcspn(at, " \t")] = '\0';
            return error_set(error, "'%.32s' is not accepted: expected words such as name=Berlin", at);
        }
        *equals = '\0';
        struct line_word *word = &line->words[line->n_words];
        *word = (struct line_word){.name = at};
        if (name_check(line, at, error) != 0) return -1;
        for (unsigned i = 0; i < line->n_words; i++)
            if (strcmp(line->words[i].name, at) == 0) return error_set(error, "%s is repeated", at);
        if (line->n_words == LINE_WORDS_MAX - 1) return error_set(error, "more than %d tags", NAMES_TAGS_MAX);
        at = equals + 1;
        if (value_next(word, &at, error) != 0 || text_check(word, error) != 0) return -1;
        line->n_words++;
    }
    return line->n_words > 0 ? 0 : error_set(error, "expected words such as name=Berlin");
}

/* Kinds
 * ----------------------------------------------------------------------------------------------------------------- */

static int index_read(struct line *line, const char *text, struct error *error) {
    size_t len = text ? strlen(text) : 0;
    uint64_t index = 0;
    if (len > 0 && len <= 10 && strspn(text, "0123456789") == len) index = strtoull(text, NULL, 10);
    if (len == 0 || len > 10 || strspn(text, "0123456789") != len || index > UINT32_MAX)
        return error_set(error, "expected the number of the %s behind the exporter's address",
                         line->kind == LINE_VRF ? "VRF" : "interface");
    line->index = (uint32_t)index;
    return 0;
}

/* "10G", "2.5G", "34368k": bits a second. */
static int speed_read(const char *text, uint64_t *speed) {
    static const char units[] = "kMGT";
    uint64_t number = 0, part = 1;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && at < text + 16; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    if (at == text) return -1;
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9' && part < 1000; at++) {
            number = number * 10 + (uint64_t)(*at - '0');
            part *= 10;
        }
    const char *unit = *at ? strchr(units, *at) : NULL;
    uint64_t scale = 1;
    for (const char *step = units; unit && step <= unit; step++)
        scale *= 1000;
    if (unit) at++;
    if (*at || (part > 1 && !unit) || number > UINT64_C(1000000000000000) / scale * part) return -1;
    *speed = number * (scale / part);
    return *speed > 0 ? 0 : -1;
}

static int octets_read(const char *text, uint64_t *number) {
    size_t len = strlen(text);
    if (len == 0 || len > 18 || strspn(text, "0123456789") != len) return -1;
    *number = strtoull(text, NULL, 10);
    return 0;
}

static int source_read(struct line *line, const char *text, struct error *error) {
    for (unsigned i = NAMED_BY_OPTIONS; i < NAME_SOURCES; i++)
        if (strcmp(name_source_names[i], text) == 0) {
            line->source = (uint8_t)i;
            return 0;
        }
    return error_set(error, "the source '%.32s' is not accepted: expected options or sflow", text);
}

static int values_take(struct line *line, struct error *error) {
    uint64_t counted = 0, *places[] = {&line->speed, &counted, &line->in, &line->out};
    if (line->kind == LINE_ADDRESS) return 0;
    for (unsigned i = 0; i < line->n_words; i++) {
        const struct line_word *word = &line->words[i];
        if (strcmp(word->name, "source") == 0 && source_read(line, word->value, error) != 0) return -1;
        for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++)
            if (strcmp(word->name, numbers[n].name) == 0 && numbers[n].read(word->value, places[n]) != 0)
                return error_set(error, "the %s '%.32s' is not accepted: expected %s", word->name, word->value,
                                 numbers[n].accepted);
    }
    line->counted = counted <= UINT32_MAX ? (uint32_t)counted : 0;
    return 0;
}

static int id_read(struct line *line, const char *text, struct error *error) {
    size_t len = text ? strlen(text) : 0;
    if (line->kind != LINE_APPLICATION) {
        if (index_read(line, text, error) != 0) return -1;
        name_id_number(line->index, line->id);
        return 0;
    }
    if (len == 0 || len > NAMES_ID_MAX || len % 2 != 0 || strspn(text, "0123456789abcdef") != len)
        return error_set(error, "expected the application's id, such as 0d000035, behind the exporter's address");
    memcpy(line->id, text, len + 1);
    return 0;
}

static int kind_id_read(struct line *line, char **at, struct error *error) {
    return line->kind >= LINE_INTERFACE ? id_read(line, bare_next(at), error) : 0;
}

static enum line_kind kind_of(const char *word) {
    static const struct {
        const char *word;
        enum line_kind kind;
    } kinds[] = {{"exporter", LINE_EXPORTER},
                 {"interface", LINE_INTERFACE},
                 {"application", LINE_APPLICATION},
                 {"vrf", LINE_VRF}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(word, kinds[i].word) == 0) return kinds[i].kind;
    return LINE_ADDRESS;
}

int line_parse(struct line *line, char *text, size_t len, struct error *error) {
    *line = (struct line){.kind = LINE_EMPTY};
    if (memchr(text, '\0', len)) return error_set(error, "the line contains a NUL byte");
    char *at = text, *word = bare_next(&at);
    if (!word) return 0;
    line->kind = kind_of(word);
    if (line->kind != LINE_ADDRESS && !(word = bare_next(&at)))
        return error_set(error, "expected the exporter's address");
    if (address_parse(&line->address, word, error) != 0) return -1;
    if (line->kind != LINE_ADDRESS && strchr(word, '/'))
        return error_set(error, "'%s' is a prefix: expected the exporter's address", word);
    if (kind_id_read(line, &at, error) != 0) return -1;
    return words_parse(line, at, error) == 0 ? values_take(line, error) : -1;
}
