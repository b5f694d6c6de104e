/* The grammar of a line of names, and which texts a name may be. */
#include "names/line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Texts
 * ----------------------------------------------------------------------------------------------------------------- */

/* The character at `at`, and how many bytes it has; 0: that is no UTF-8. */
static unsigned char_read(const uint8_t *at, size_t left, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned n = *at < 0x80 ? 1 : *at >= 0xf8 ? 0 : *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : *at >= 0xc0 ? 2 : 0;
    if (n == 0 || n > left) return 0;
    *code = n == 1 ? *at : *at & (0x7fu >> n);
    for (unsigned i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        *code = *code << 6 | (at[i] & 0x3f);
    }
    return *code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}

/* What shows nothing, or moves what is around it: controls, line separators, marks of direction, the byte order mark.
 * A name could pass for another with them. */
static bool is_hidden(uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c || code == 0x180e ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) ||
           (code >= 0xe0000 && code <= 0xe007f);
}

static int text_check(const struct line_word *word, struct error *error) {
    uint32_t code = 0;
    if (word->len > NAMES_TEXT_MAX)
        return error_set(error, "the value of %s has more than %d bytes", word->name, NAMES_TEXT_MAX);
    if (word->len == 0) return error_set(error, "%s has no value", word->name);
    for (size_t i = 0, n; i < word->len; i += n) {
        n = char_read((const uint8_t *)word->value + i, word->len - i, &code);
        if (n == 0) return error_set(error, "the value of %s is not UTF-8", word->name);
        if (is_hidden(code))
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
        "bucket", "class",     "description", "direction", "dport",  "dst",    "either",   "family", "flows",   "host",
        "in",     "interface", "local",       "network",   "octets", "others", "exporter", "out",    "packets", "port",
        "proto",  "service",   "speed",       "sport",     "src",    "time",   "prefix",   "and",    "or",      "not"};
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

static int name_check(const struct line *line, const char *name, struct error *error) {
    if (strcmp(name, "name") == 0) return 0;
    if (line->kind == LINE_ADDRESS) return tag_check(name, error);
    bool is_interface = line->kind == LINE_INTERFACE;
    if (strcmp(name, "description") == 0 || (is_interface && strcmp(name, "speed") == 0)) return 0;
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
        return error_set(error, "expected the number of the interface behind the exporter's address");
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

static int speed_take(struct line *line, struct error *error) {
    for (unsigned i = 0; i < line->n_words; i++)
        if (strcmp(line->words[i].name, "speed") == 0 && speed_read(line->words[i].value, &line->speed) != 0)
            return error_set(error, "the speed '%.32s' is not accepted: expected bits a second, such as 10G",
                             line->words[i].value);
    return 0;
}

int line_parse(struct line *line, char *text, size_t len, struct error *error) {
    *line = (struct line){.kind = LINE_EMPTY};
    if (memchr(text, '\0', len)) return error_set(error, "the line contains a NUL byte");
    char *at = text, *word = bare_next(&at);
    if (!word) return 0;
    line->kind = strcmp(word, "exporter") == 0    ? LINE_EXPORTER
                 : strcmp(word, "interface") == 0 ? LINE_INTERFACE
                                                  : LINE_ADDRESS;
    if (line->kind != LINE_ADDRESS && !(word = bare_next(&at)))
        return error_set(error, "expected the exporter's address");
    if (address_parse(&line->address, word, error) != 0) return -1;
    if (line->kind != LINE_ADDRESS && strchr(word, '/'))
        return error_set(error, "'%s' is a prefix: expected the exporter's address", word);
    if (line->kind == LINE_INTERFACE && index_read(line, bare_next(&at), error) != 0) return -1;
    return words_parse(line, at, error) == 0 ? speed_take(line, error) : -1;
}
