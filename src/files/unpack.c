/* gzip by zlib, zstd by libzstd; members or frames may follow each other. */
#include "files/unpack.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

enum {
    GZIP_WINDOW = 15 + 16, /* the largest window, and gzip's header and checksum */
    STEP_MAX = 1 << 30,    /* bytes at a time, so that zlib can count them */
};

struct unpack {
    ZSTD_DStream *zstd; /* NULL: it is gzip */
    z_stream gzip;
    bool whole; /* at the end of a member or frame */
    bool over;  /* something else follows */
};

static bool is_gzip(const uint8_t *head, size_t len) { return len >= 2 && head[0] == 0x1f && head[1] == 0x8b; }

struct unpack *unpack_new(const uint8_t *head, size_t len) {
    static const uint8_t zstd[UNPACK_HEAD] = {0x28, 0xb5, 0x2f, 0xfd}; /* RFC 8878, section 3.1.1 */
    bool is_zstd = len >= UNPACK_HEAD && memcmp(head, zstd, sizeof zstd) == 0;
    if (!is_zstd && !is_gzip(head, len)) return NULL;
    struct unpack *unpack = mem_zalloc(1, sizeof *unpack);
    if (is_zstd) {
        unpack->zstd = ZSTD_createDStream();
        if (!unpack->zstd) abort(); /* out of memory */
    } else if (inflateInit2(&unpack->gzip, GZIP_WINDOW) != Z_OK) {
        abort();
    }
    return unpack;
}

void unpack_free(struct unpack *unpack) {
    if (!unpack) return;
    if (unpack->zstd)
        ZSTD_freeDStream(unpack->zstd);
    else
        inflateEnd(&unpack->gzip);
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

int64_t unpack_step(struct unpack *unpack, const uint8_t **in, size_t *n_in, void *out, size_t n_out,
                    struct error *error) {
    if (n_out > STEP_MAX) n_out = STEP_MAX;
    return unpack->zstd ? zstd_step(unpack, in, n_in, out, n_out, error)
                        : gzip_step(unpack, in, n_in, out, n_out, error);
}

bool unpack_is_whole(const struct unpack *unpack) { return unpack->whole || unpack->over; }
