/* From a query's text to names and values. */
#include "http/params.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int hex_value(char c) {
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c | 0x20) : NULL;
    return found && (c <= '9' || c >= 'A') ? (int)(found - digits) : -1;
}

/* In place. False: a '%' without its digits, or a NUL. */
static bool text_decode(char *text) {
    char *out = text;
    for (const char *in = text; *in; in++) {
        char c = *in == '+' ? ' ' : *in;
        if (c == '%') {
            int high = hex_value(in[1]), low = high < 0 ? -1 : hex_value(in[2]);
            if (low < 0 || high + low == 0) return false;
            c = (char)(high << 4 | low);
            in += 2;
        }
        *out++ = c;
    }
    *out = '\0';
    return true;
}

/* How many bytes the character at `text` has in UTF-8; 0: none begins there (RFC 3629). */
static size_t character_len(const unsigned char *text) {
    static const struct {
        unsigned char first, last, second_min, second_max; /* the third and fourth: 80 to BF */
        size_t len;
    } forms[] = {{0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                 {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (text[0] < forms[i].first || text[0] > forms[i].last) continue;
        if (forms[i].len > 1 && (text[1] < forms[i].second_min || text[1] > forms[i].second_max)) return 0;
        for (size_t j = 2; j < forms[i].len; j++)
            if (text[j] < 0x80 || text[j] > 0xbf) return 0;
        return forms[i].len;
    }
    return 0;
}

static bool is_utf8(const char *text) {
    while (*text) {
        size_t len = character_len((const unsigned char *)text);
        if (len == 0) return false;
        text += len;
    }
    return true;
}

/* Another copy of a text as it came, for the answer that refuses it. */
static void text_restore(char *text, const char *from, size_t len) {
    for (size_t i = 0; i < len; i++)
        text[i] = from[i] >= ' ' && from[i] < 0x7f ? from[i] : '?';
    text[len] = '\0';
}

/* `name` up to `len` bytes, at the same place in the copy and in the query. NULL, or what would do. */
static const char *param_read(struct params *params, char *name, const char *from, size_t len) {
    const char *problem = NULL;
    size_t name_len = strcspn(name, "=");
    char *value = name + name_len + (name_len < len);
    name[name_len] = '\0';
    params->list[params->n] = (struct api_param){.name = name, .value = value};
    if (!text_decode(name) || !text_decode(value))
        problem = "text in which each % is followed by two hexadecimal digits other than 00";
    else if (!is_utf8(name) || !is_utf8(value))
        problem = "text in UTF-8";
    else if (strlen(name) > PARAM_BYTES || strlen(value) > PARAM_BYTES)
        problem = "up to 4096 bytes";
    else if (params->n == API_PARAMS_MAX)
        problem = "up to 32 parameters";
    if (problem) {
        text_restore(name, from, name_len);
        if (name_len < len) text_restore(value, from + name_len + 1, len - name_len - 1);
    }
    return problem;
}

int params_parse(struct params *params, const char *query, const char **accepted) {
    char *at = params->text = mem_strdup(query);
    params->n = 0;
    *accepted = NULL;
    while (*at) {
        size_t len = strcspn(at, "&");
        char *next = at + len + (at[len] == '&');
        at[len] = '\0';
        if (len > 0) {
            *accepted = param_read(params, at, query + (at - params->text), len);
            if (*accepted) return -1;
            params->n++;
        }
        at = next;
    }
    return 0;
}

void params_release(struct params *params) {
    free(params->text);
    params->text = NULL;
}
