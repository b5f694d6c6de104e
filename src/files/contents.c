/* Contents: a file's bytes, unpacked where they are packed. */
#include "files/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/mem.h"
#include "files/unpack.h"

enum {
    CHUNK = 1 << 18,
    PACKED = 1 << 16, /* bytes read of a packed file at a time */
    HEAD_MAX = 4096,
};

struct contents {
    char *path;
    int fd;
    int64_t file_size, file_position; /* bytes of the file, -1: it has no size; and read of it */
    int64_t position;                 /* unpacked bytes read */
    bool cut;                         /* the packed bytes end too early */
    bool begun;                       /* the packing is known: */
    struct unpack *unpack;            /* NULL: there is none */
    uint8_t packed[PACKED];           /* [packed_at, packed_end) was read of the file, but not taken */
    size_t packed_at, packed_end;
    uint8_t head[HEAD_MAX]; /* [head_at, head_end) was unpacked, but not yet returned */
    unsigned head_at, head_end;
};

/* Standard input, copied to a file that has no name. */
static int input_spool(struct error *error) {
    const char *folder = getenv("TMPDIR");
    char buffer[1 << 16];
    ssize_t n;
    if (!folder || !*folder) folder = "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_set(error, "standard input: can't create a temporary file in %s: %s", folder, strerror(errno));
        return -1;
    }
    while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
        if (write(fd, buffer, (size_t)n) != n) {
            error_set(error, "standard input: can't be copied to %s: %s", folder, strerror(errno));
            close(fd);
            return -1;
        }
    if (n < 0) {
        error_set(error, "standard input: %s", strerror(errno));
        close(fd);
        return -1;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static int input_open(const char *path, bool again, struct error *error) {
    if (strcmp(path, "-") == 0) return again ? input_spool(error) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) error_set(error, "%s: %s", path, strerror(errno));
    return fd;
}

struct contents *contents_open(const char *path, bool again, struct error *error) {
    struct stat status;
    int fd = input_open(path, again, error);
    if (fd < 0) return NULL;
    bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    if (again && !regular) {
        error_set(error, "%s: not a regular file; pipe it into '-'", path);
        close(fd);
        return NULL;
    }
    struct contents *contents = mem_zalloc(1, sizeof *contents);
    contents->path = mem_strdup(strcmp(path, "-") == 0 ? "standard input" : path);
    contents->fd = fd;
    contents->file_size = regular ? status.st_size : -1;
    return contents;
}

void contents_close(struct contents *contents) {
    if (!contents) return;
    unpack_free(contents->unpack);
    close(contents->fd);
    free(contents->path);
    free(contents);
}

bool contents_is_cut(const struct contents *contents) { return contents->cut; }

const char *contents_name(const struct contents *contents) { return contents->path; }

static int read_failed(const struct contents *contents, const char *why, struct error *error) {
    return error_set(error, "%s: at byte %" PRId64 " of its contents: %s", contents->path, contents->position, why);
}

static ssize_t file_read(struct contents *contents, void *to, size_t size, struct error *error) {
    ssize_t n;
    do
        n = read(contents->fd, to, size);
    while (n < 0 && errno == EINTR);
    if (n < 0) return read_failed(contents, strerror(errno), error);
    contents->file_position += n;
    return n;
}

/* More of the file behind what is left of it. Bytes, 0 at the end, -1. */
static ssize_t packed_read(struct contents *contents, struct error *error) {
    size_t left = contents->packed_end - contents->packed_at;
    memmove(contents->packed, contents->packed + contents->packed_at, left);
    contents->packed_at = 0;
    contents->packed_end = left;
    ssize_t n = file_read(contents, contents->packed + left, PACKED - left, error);
    if (n > 0) contents->packed_end += (size_t)n;
    return n;
}

static int begin(struct contents *contents, struct error *error) {
    ssize_t n = 1;
    while (contents->packed_end < UNPACK_HEAD && n > 0)
        n = packed_read(contents, error);
    if (n < 0) return -1;
    contents->unpack = unpack_new(contents->packed, contents->packed_end);
    contents->begun = true;
    return 0;
}

static int64_t packed_unpack(struct contents *contents, void *to, unsigned size, struct error *error) {
    const uint8_t *from = contents->packed + contents->packed_at;
    size_t left = contents->packed_end - contents->packed_at;
    struct error why;
    int64_t n = unpack_step(contents->unpack, &from, &left, to, size, &why);
    contents->packed_at = contents->packed_end - left;
    return n < 0 ? read_failed(contents, why.text, error) : n;
}

static int64_t packed_contents_read(struct contents *contents, void *to, unsigned size, struct error *error) {
    for (;;) {
        int64_t n = packed_unpack(contents, to, size, error);
        if (n != 0) return n;
        if (contents->packed_at < contents->packed_end) continue;
        ssize_t more = packed_read(contents, error);
        if (more < 0) return -1;
        if (more > 0) continue;
        contents->cut = !unpack_is_whole(contents->unpack);
        return contents->cut ? read_failed(contents, "unexpected end of file", error) : 0;
    }
}

static int unpacked_read(struct contents *contents, void *to, unsigned size, struct error *error) {
    int64_t n;
    if (!contents->begun && begin(contents, error) != 0) return -1;
    if (contents->unpack) {
        n = packed_contents_read(contents, to, size, error);
    } else if (contents->packed_at < contents->packed_end) {
        n = (int64_t)(contents->packed_end - contents->packed_at);
        if (n > size) n = size;
        memcpy(to, contents->packed + contents->packed_at, (size_t)n);
        contents->packed_at += (size_t)n;
    } else {
        n = file_read(contents, to, size, error);
    }
    if (n > 0) contents->position += n;
    return (int)n;
}

int contents_read(struct contents *contents, void *to, unsigned size, struct error *error) {
    unsigned have = contents->head_end - contents->head_at;
    if (have == 0) return unpacked_read(contents, to, size, error);
    if (size > have) size = have;
    memcpy(to, contents->head + contents->head_at, size);
    contents->head_at += size;
    return (int)size;
}

int contents_peek(struct contents *contents, void *to, unsigned size, struct error *error) {
    while (contents->head_end < size) {
        int n = unpacked_read(contents, contents->head + contents->head_end, size - contents->head_end, error);
        if (n < 0 && !contents->cut) return -1;
        if (n <= 0) break;
        contents->head_end += (unsigned)n;
    }
    memcpy(to, contents->head, contents->head_end);
    return (int)contents->head_end;
}

int contents_identity(struct contents *contents, char identity[33], struct error *error) {
    XXH3_state_t *state = XXH3_createState();
    char *bytes = mem_alloc(CHUNK);
    int n;
    XXH3_128bits_reset(state);
    while ((n = contents_read(contents, bytes, CHUNK, error)) > 0)
        XXH3_128bits_update(state, bytes, (size_t)n);
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    free(bytes);
    snprintf(identity, 33, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
    bool cut = contents->cut;
    if ((n < 0 && !cut) || contents_rewind(contents, error) != 0) return -1;
    contents->cut = cut;
    return n < 0 ? -1 : 0;
}

int contents_rewind(struct contents *contents, struct error *error) {
    contents->head_at = contents->head_end = 0;
    contents->packed_at = contents->packed_end = 0;
    contents->position = contents->file_position = 0;
    contents->begun = contents->cut = false;
    unpack_free(contents->unpack);
    contents->unpack = NULL;
    return lseek(contents->fd, 0, SEEK_SET) == 0 ? 0 : read_failed(contents, strerror(errno), error);
}

double contents_progress(const struct contents *contents) {
    if (contents->file_size <= 0) return contents->file_size == 0;
    double done = (double)contents->file_position / (double)contents->file_size;
    return done > 1 ? 1 : done;
}
