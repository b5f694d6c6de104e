/* gzip by zlib, at its lowest level: answers are asked for once, and a text of numbers gains little by the others. */
#include "http/gzip.h"

#include <limits.h>
#include <zlib.h>

enum { MEMORY_LEVEL = 8 }; /* zlib's own choice */

bool gzip_pack(const struct buffer *plain, struct buffer *packed) {
    z_stream stream = {.next_in = (z_const Bytef *)plain->data, .avail_in = (uInt)plain->len};
    buffer_clear(packed);
    if (plain->len > UINT_MAX ||
        deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 16 + MAX_WBITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    buffer_reserve(packed, plain->len);
    stream.next_out = (Bytef *)packed->data;
    stream.avail_out = (uInt)plain->len; /* it ends where it is not smaller */
    bool smaller = deflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out > 0;
    deflateEnd(&stream);
    packed->len = smaller ? plain->len - stream.avail_out : 0;
    packed->data[packed->len] = '\0';
    return smaller;
}
