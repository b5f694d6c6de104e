/* Bodies packed by gzip (RFC 1952). */
#ifndef FLOWIMPORT_HTTP_GZIP_H
#define FLOWIMPORT_HTTP_GZIP_H

#include <stdbool.h>

#include "base/buffer.h"

/* Packs `plain` into `packed`, which is cleared before, quickly rather than small. False: it would not be smaller. Any
 * thread; takes 256 KiB meanwhile. */
bool gzip_pack(const struct buffer *plain, struct buffer *packed) __attribute__((warn_unused_result));

#endif
