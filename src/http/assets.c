/* Which file is at which path, and how it is sent: packed or not, with what a browser may do with it. */
#include "http/assets.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/log.h"

/* Only what comes from here is run, shown or asked, and nobody puts the page into a frame. */
#define POLICY                                                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "              \
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/* The first part of the paths of the page's views. */
static const char *const views[] = {"", "explore", "flows", "host", "graph", "bundle", "hive", "pipeline"};

static const struct asset *file_find(const char *path) {
    for (unsigned i = 0; i < n_assets; i++)
        if (strcmp(assets[i].path, path) == 0) return &assets[i];
    return NULL;
}

const struct asset *asset_find(const char *path) {
    const struct asset *asset = file_find(path);
    if (asset || path[0] != '/') return asset;
    size_t len = strcspn(path + 1, "/");
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        if (strlen(views[i]) == len && strncmp(path + 1, views[i], len) == 0 && (len > 0 || path[1] == '\0'))
            return file_find("/index.html");
    return NULL;
}

/* The file as it was. */
static void asset_unpack(const struct asset *asset, struct buffer *out) {
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)asset->gzip, .avail_in = (uInt)asset->gzip_len};
    buffer_reserve(out, asset->len);
    stream.next_out = (Bytef *)out->data;
    stream.avail_out = (uInt)asset->len;
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK || inflate(&stream, Z_FINISH) != Z_STREAM_END) {
        log_error("http", "%s: can't be decompressed: a bug", asset->path);
        abort();
    }
    inflateEnd(&stream);
    out->len = asset->len;
    out->data[out->len] = '\0';
}

void asset_answer(const struct asset *asset, struct http_exchange *exchange) {
    struct http_reply reply = {.status = 200, .type = asset->type};
    reply.headers[HTTP_ETAG] = asset->etag;
    reply.headers[HTTP_VARY] = "Accept-Encoding";
    reply.headers[HTTP_CACHE_CONTROL] =
        asset->unchanging ? "private, max-age=31536000, immutable" : "private, no-cache";
    reply.headers[HTTP_CONTENT_SECURITY_POLICY] = POLICY;
    reply.headers[HTTP_REFERRER_POLICY] = "no-referrer";
    if (http_has_etag(exchange, asset->etag)) {
        reply.status = 304;
    } else if (http_accepts(exchange, "gzip")) {
        reply.headers[HTTP_CONTENT_ENCODING] = "gzip";
        buffer_add(&reply.body, asset->gzip, asset->gzip_len);
    } else {
        asset_unpack(asset, &reply.body);
    }
    http_answer(exchange, &reply);
    buffer_release(&reply.body);
}
