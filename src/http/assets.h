/* The page's files, packed, in the program. */
#ifndef FLOWIMPORT_HTTP_ASSETS_H
#define FLOWIMPORT_HTTP_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "http/server.h"

struct asset {
    const char *path; /* "/app.js" */
    const char *type;
    const char *etag;          /* quoted */
    const unsigned char *gzip; /* borrowed, as all of it */
    size_t gzip_len, len;      /* len: unpacked */
    bool unchanging;           /* its name has a hash of its contents */
};

/* etc/embed-page.sh makes the table when flowimport is built. */
extern const struct asset assets[];
extern const unsigned n_assets;
extern const bool assets_are_page; /* else one that says what is missing */

/* The file at a path; the page itself for those that the page's own script takes apart; NULL. */
const struct asset *asset_find(const char *path);
void asset_answer(const struct asset *asset, struct http_exchange *exchange);

#endif
