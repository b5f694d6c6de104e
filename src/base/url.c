/* Taking a URL apart (RFC 3986), for servers and files alike. */
#include "base/url.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool is_span_empty(const char *from, const char *to) { return !from || from == to; }

/* Percent-decoded copy of [from, to), or NULL with the error set. */
static char *span_decode(const char *from, const char *to, struct error *error) {
    char *text = mem_alloc((size_t)(to - from) + 1);
    size_t len = 0;
    while (from < to) {
        char c = *from++;
        if (c == '%') {
            if (to - from < 2 || !isxdigit((unsigned char)from[0]) || !isxdigit((unsigned char)from[1])) {
                error_set(error, "'%%' must be followed by two hexadecimal digits (a '%%' itself is written %%25)");
                goto failed;
            }
            const char digits[] = {from[0], from[1], '\0'};
            c = (char)strtol(digits, NULL, 16);
            if (c == '\0') {
                error_set(error, "%%00 is not allowed");
                goto failed;
            }
            from += 2;
        }
        text[len++] = c;
    }
    text[len] = '\0';
    return text;
failed:
    free(text);
    return NULL;
}

static int span_decode_into(char **field, const char *from, const char *to, struct error *error) {
    *field = span_decode(from, to, error);
    return *field ? 0 : -1;
}

static const char *span_find(const char *from, const char *to, char c) {
    while (from < to && *from != c)
        from++;
    return from;
}

/* NULL: not there. */
static const char *span_find_last(const char *from, const char *to, char c) {
    while (to > from)
        if (*--to == c) return to;
    return NULL;
}

/* The end of the scheme (its colon), or NULL: letter *( letter | digit | "+" | "-" | "." ) ":". */
static const char *scheme_end(const char *text) {
    if (!isalpha((unsigned char)*text)) return NULL;
    while (isalnum((unsigned char)*text) || (*text && strchr("+-.", *text)))
        text++;
    return *text == ':' ? text : NULL;
}

/* The end of the authority that starts at `from`. */
static const char *authority_end(const char *from) { return from + strcspn(from, "/?"); }

static int port_parse(int *into, const char *from, const char *to, struct error *error) {
    int port = 0;
    if (from == to) return 0;
    for (const char *c = from; c < to; c++) {
        if (!isdigit((unsigned char)*c) || port > 65535)
            return error_set(error, "port '%.*s' is not a number from 1 to 65535", (int)(to - from), from);
        port = port * 10 + (*c - '0');
    }
    if (port < 1 || port > 65535)
        return error_set(error, "port '%.*s' is not a number from 1 to 65535", (int)(to - from), from);
    *into = port;
    return 0;
}

static int host_parse(struct url_host *host, const char *from, const char *to, struct error *error) {
    const char *colon, *end;
    if (from < to && *from == '[') {
        end = span_find(++from, to, ']');
        if (end == to) return error_set(error, "'[' without ']' around an IPv6 address");
        colon = end + 1;
        if (colon < to && *colon != ':') return error_set(error, "text between ']' and the port");
    } else {
        colon = end = span_find(from, to, ':');
        if (end < to && span_find(end + 1, to, ':') < to)
            return error_set(error, "an IPv6 address must be in brackets, as in [::1]");
    }
    if (!is_span_empty(from, end) && span_decode_into(&host->name, from, end, error)) return -1;
    return colon < to ? port_parse(&host->port, colon + 1, to, error) : 0;
}

static int hosts_parse(struct url *url, const char *from, const char *to, struct error *error) {
    struct url_host first = {NULL, 0};
    const char *comma = span_find(from, to, ',');
    int failed = host_parse(&first, from, comma, error);
    url->host = first.name;
    url->port = first.port;
    while (!failed && comma < to) {
        if (!url->host) return error_set(error, "no host before a ','");
        if (url->n_more == URL_HOSTS_MAX - 1) return error_set(error, "more than %d hosts", URL_HOSTS_MAX);
        from = comma + 1;
        comma = span_find(from, to, ',');
        struct url_host *more = &url->more[url->n_more++];
        failed = host_parse(more, from, comma, error);
        if (!failed && !more->name) failed = error_set(error, "no host behind a ','");
    }
    return failed;
}

static int authority_parse(struct url *url, const char *from, const char *to, struct error *error) {
    /* The last '@' ends the user, so that a password with an '@' works even where it isn't percent-encoded. */
    const char *at = span_find_last(from, to, '@');
    if (at) {
        const char *colon = span_find(from, at, ':');
        if (!is_span_empty(from, colon) && span_decode_into(&url->user, from, colon, error)) return -1;
        if (colon < at && span_decode_into(&url->password, colon + 1, at, error)) return -1;
        from = at + 1;
    }
    return hosts_parse(url, from, to, error);
}

static int params_parse(struct url *url, const char *from, struct error *error) {
    while (*from) {
        const char *to = from + strcspn(from, "&");
        const char *equals = span_find(from, to, '=');
        if (from < to) {
            if (url->n_params == URL_PARAMS_MAX) return error_set(error, "more than %d parameters", URL_PARAMS_MAX);
            unsigned i = url->n_params++;
            if (span_decode_into(&url->params[i].name, from, equals, error)) return -1;
            if (span_decode_into(&url->params[i].value, equals < to ? equals + 1 : to, to, error)) return -1;
            if (url_param(url, url->params[i].name) != url->params[i].value)
                return error_set(error, "the parameter '%s' stands there twice", url->params[i].name);
        }
        from = *to ? to + 1 : to;
    }
    return 0;
}

int url_parse(struct url *url, const char *text, struct error *error) {
    struct error reason = {""};
    *url = (struct url){0};
    const char *at = scheme_end(text);
    if (!at) {
        error_set(&reason, "no scheme, such as redis://, mysql:// or sqlite:");
        goto failed;
    }
    url->scheme = mem_strndup(text, (size_t)(at - text));
    for (char *c = url->scheme; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    at++;
    if (strncmp(at, "//", 2) == 0) {
        const char *end = authority_end(at + 2);
        if (authority_parse(url, at + 2, end, &reason)) goto failed;
        at = end;
    }
    const char *path_end = at + strcspn(at, "?");
    if (at < path_end && span_decode_into(&url->path, at, path_end, &reason)) goto failed;
    if (*path_end && params_parse(url, path_end + 1, &reason)) goto failed;
    return 0;
failed:
    url_release(url);
    char *display = url_display(text);
    error_set(error, "URL '%s': %s", display, reason.text);
    free(display);
    return -1;
}

const char *url_param(const struct url *url, const char *name) {
    for (unsigned i = 0; i < url->n_params; i++)
        if (strcmp(url->params[i].name, name) == 0) return url->params[i].value;
    return NULL;
}

void url_release(struct url *url) {
    free(url->scheme);
    free(url->user);
    free(url->password);
    free(url->host);
    free(url->path);
    for (unsigned i = 0; i < url->n_more; i++)
        free(url->more[i].name);
    for (unsigned i = 0; i < url->n_params; i++) {
        free(url->params[i].name);
        free(url->params[i].value);
    }
    *url = (struct url){0};
}

char *url_display(const char *text) {
    const char *from = scheme_end(text);
    from = from && strncmp(from, "://", 3) == 0 ? from + 3 : text;
    const char *at = span_find_last(from, authority_end(from), '@');
    const char *colon = at ? span_find(from, at, ':') : NULL;
    if (!colon || colon == at) return mem_strdup(text);
    return mem_printf("%.*s:***%s", (int)(colon - text), text, at);
}
