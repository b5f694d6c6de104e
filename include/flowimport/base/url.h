/* Where a server is: scheme://[user[:password]@][host[:port]][/path][?name=value&...], percent-decoded (RFC 3986).
 * More hosts may follow the first, each behind a comma, which is not the RFC's but what clients of clusters know. */
#ifndef FLOWIMPORT_BASE_URL_H
#define FLOWIMPORT_BASE_URL_H

#include "base/error.h"

enum { URL_PARAMS_MAX = 16, URL_HOSTS_MAX = 32 };

struct url_host {
    char *name; /* NULL when absent; an IPv6 address without its brackets */
    int port;   /* 0 when absent */
};

struct url {
    char *scheme, *user, *password, *host, *path; /* NULL when absent; an IPv6 host without its brackets */
    int port;                                     /* 0 when absent */
    unsigned n_more;                              /* hosts behind the first */
    struct url_host more[URL_HOSTS_MAX - 1];
    unsigned n_params;
    struct {
        char *name, *value;
    } params[URL_PARAMS_MAX];
};

/* No parameter stands there twice. "sqlite:/path" gives scheme "sqlite", path "/path". With an authority the path keeps
 * its leading '/'. 0, or -1 with the error set and nothing to release. */
int url_parse(struct url *url, const char *text, struct error *error) __attribute__((warn_unused_result));
/* The value of a ?name=value parameter, or NULL. Borrowed from the url. */
const char *url_param(const struct url *url, const char *name);
void url_release(struct url *url);
/* The text without its password, for messages: "mysql://user:***@host/db". To be freed by the caller. */
char *url_display(const char *text);

#endif
