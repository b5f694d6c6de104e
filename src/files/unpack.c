/* gzip by zlib, zstd by libzstd, xz by liblzma; members, frames or streams may follow each other. */
#include "files/unpack.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

enum {
    GZIP_WINDOW = 15 + 16, /* the largest window, and gzip's header and checksum */
    STEP_MAX = 1 << 30,    /* bytes at a time, so that zlib can count them */
    XZ_MEMORY = 128 << 20,
};

struct unpack {
    enum packing { GZIP, ZSTD, XZ } packing;
    ZSTD_DStream *zstd;
    z_stream gzip;
    lzma_stream xz;
    bool whole; /* at the end of a member, frame or stream */
    bool over;  /* something else follows */
};

static bool is_gzip(const uint8_t *head, size_t len) { return len >= 2 && head[0] == 0x1f && head[1] == 0x8b; }

static bool is_xz(const uint8_t *head, size_t len) {
    static const uint8_t magic[UNPACK_HEAD] = {0xfd, '7', 'z', 'X'};
    return len >= UNPACK_HEAD && memcmp(head, magic, sizeof magic) == 0;
}

static bool is_zstd(const uint8_t *head, size_t len) {
    static const uint8_t magic[UNPACK_HEAD] = {0x28, 0xb5, 0x2f, 0xfd}; /* RFC 8878, section 3.1.1 */
    return len >= UNPACK_HEAD && memcmp(head, magic, sizeof magic) == 0;
}

/* A decoder of one stream; one that is there is begun anew. */
static void xz_begin(struct unpack *unpack) {
    if (lzma_stream_decoder(&unpack->xz, XZ_MEMORY, 0) != LZMA_OK) abort(); /* out of memory */
}

struct unpack *unpack_new(const uint8_t *head, size_t len) {
    bool zstd = is_zstd(head, len), xz = is_xz(head, len);
    if (!zstd && !xz && !is_gzip(head, len)) return NULL;
    struct unpack *unpack = mem_zalloc(1, sizeof *unpack);
    unpack->packing = zstd ? ZSTD : xz ? XZ : GZIP;
    switch (unpack->packing) {
    case ZSTD:
        unpack->zstd = ZSTD_createDStream();
        if (!unpack->zstd) abort(); /* out of memory */
        break;
    case XZ: xz_begin(unpack); break;
    case GZIP:
        if (inflateInit2(&unpack->gzip, GZIP_WINDOW) != Z_OK) abort();
    }
    return unpack;
}

void unpack_free(struct unpack *unpack) {
    if (!unpack) return;
    switch (unpack->packing) {
    case ZSTD: ZSTD_freeDStream(unpack->zstd); break;
    case XZ: lzma_end(&unpack->xz); break;
    case GZIP: inflateEnd(&unpack->gzip);
    }
    free(unpack);
}

static int64_t zstd_step(struct unpack *unpack, const uint8_t **in, size_t *n_in, void *to, size_t n_out,
                         struct error *error) {
    ZSTD_outBuffer out = {to, n_out, 0};
    ZSTD_inBuffer from = {*in, *n_in, 0};
    size_t left = ZSTD_decompressStream(unpack->zstd, &out, &from);
    if (ZSTD_isError(left)) return error_set(error, "%s", ZSTD_getErrorName(left));
    if (from.pos > 0 || out.pos > 0) unpack->whole = left == 0;
    *in += from.pos;
    *n_in -= from.pos;
    return (int64_t)out.pos;
}

/* Behind a member of gzip another one begins, or what is to be passed over. */
static void member_begin(struct unpack *unpack, const uint8_t *in, size_t n_in) {
    unpack->over = in[0] != 0x1f || (n_in > 1 && !is_gzip(in, n_in));
    inflateReset(&unpack->gzip);
}

static int64_t gzip_step(struct unpack *unpack, const uint8_t **in, size_t *n_in, void *to, size_t n_out,
                         struct error *error) {
    z_stream *gzip = &unpack->gzip;
    if (*n_in == 0 && unpack->whole) return 0;
    if (unpack->whole && !unpack->over) member_begin(unpack, *in, *n_in);
    if (unpack->over) {
        *n_in = 0;
        return 0;
    }
    gzip->next_in = (uint8_t *)(uintptr_t)*in; /* not written to */
    gzip->avail_in = (uInt)*n_in;
    gzip->next_out = to;
    gzip->avail_out = (uInt)n_out;
    int status = inflate(gzip, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return error_set(error, "%s", gzip->msg ? gzip->msg : zError(status));
    unpack->whole = status == Z_STREAM_END;
    *in = gzip->next_in;
    *n_in = gzip->avail_in;
    return (int64_t)(n_out - gzip->avail_out);
}

static const char *xz_error(lzma_ret status) {
    switch (status) {
    case LZMA_MEMLIMIT_ERROR: return "it requires more than 128 MiB to be unpacked";
    case LZMA_OPTIONS_ERROR: return "packed with options that liblzma doesn't support";
    default: return "damaged: not what xz has packed";
    }
}

/* Behind a stream: zeros that fill up four bytes, and another one, or what is to be passed over. */
static void stream_begin(struct unpack *unpack, const uint8_t **in, size_t *n_in) {
    while (*n_in > 0 && **in == 0) {
        ++*in;
        --*n_in;
    }
    if (*n_in == 0) return;
    unpack->over = **in != 0xfd || (*n_in >= UNPACK_HEAD && !is_xz(*in, *n_in));
    unpack->whole = false;
    xz_begin(unpack);
}

static int64_t xz_step(struct unpack *unpack, const uint8_t **in, size_t *n_in, void *to, size_t n_out,
                       struct error *error) {
    lzma_stream *xz = &unpack->xz;
    if (unpack->whole && !unpack->over) stream_begin(unpack, in, n_in);
    if (unpack->over) *n_in = 0;
    if (unpack->whole || unpack->over) return 0;
    xz->next_in = *in;
    xz->avail_in = *n_in;
    xz->next_out = to;
    xz->avail_out = n_out;
    lzma_ret status = lzma_code(xz, LZMA_RUN);
    if (status != LZMA_OK && status != LZMA_STREAM_END && status != LZMA_BUF_ERROR)
        return error_set(error, "%s", xz_error(status));
    unpack->whole = status == LZMA_STREAM_END;
    *in = xz->next_in;
    *n_in = xz->avail_in;
    return (int64_t)(n_out - xz->avail_out);
}

int64_t unpack_step(struct unpack *unpack, const uint8_t **in, size_t *n_in, void *out, size_t n_out,
                    struct error *error) {
    if (n_out > STEP_MAX) n_out = STEP_MAX;
    switch (unpack->packing) {
    case ZSTD: return zstd_step(unpack, in, n_in, out, n_out, error);
    case XZ: return xz_step(unpack, in, n_in, out, n_out, error);
    default: return gzip_step(unpack, in, n_in, out, n_out, error);
    }
}

bool unpack_is_whole(const struct unpack *unpack) { return unpack->whole || unpack->over; }
