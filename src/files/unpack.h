/* Packed bytes into plain ones: gzip, zstd and xz, told from their first bytes. No I/O. */
#ifndef FLOWIMPORT_FILES_UNPACK_H
#define FLOWIMPORT_FILES_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { UNPACK_HEAD = 4 }; /* bytes by which the packing is known; fewer where there are no more */

struct unpack; /* opaque; zstd and xz use up to 128 MiB, which is what zstd's own program unpacks at most, and
                xz -9 requires 65 */

/* NULL: these are plain bytes. */
struct unpack *unpack_new(const uint8_t *head, size_t len);
void unpack_free(struct unpack *unpack);
/* Goes on from *in, of which *n_in bytes are left, to `out`. Both are moved on by what was taken. Returns the bytes
 * that came out; 0 where it takes more; -1 with the error set. What follows the last member is passed over, as gzip(1)
 * does. */
int64_t unpack_step(struct unpack *unpack, const uint8_t **in, size_t *n_in, void *out, size_t n_out,
                    struct error *error) __attribute__((warn_unused_result));
/* Whether the bytes may end here. */
bool unpack_is_whole(const struct unpack *unpack);

#endif
