/* Contents, by zlib, which reads plain files as they are. */
#include "input/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#include "base/mem.h"

enum {
    CHUNK = 1 << 18,
    ZLIB_BUFFER = 1 << 16, /* twice that and more is read of a plain file without a copy */
    HEAD_MAX = 16,
};

struct contents {
    char *path;
    gzFile file;
    int fd;
    int64_t file_size;      /* -1: it has none */
    int64_t position;       /* unpacked bytes read by zlib */
    uint8_t head[HEAD_MAX]; /* [head_at, head_end) was read, but not yet returned */
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
        error_set(error, "standard input: no temporary file in %s: %s", folder, strerror(errno));
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
        error_set(error, "%s: not a regular file; pipe it to '-'", path);
        close(fd);
        return NULL;
    }
    struct contents *contents = mem_zalloc(1, sizeof *contents);
    contents->path = mem_strdup(strcmp(path, "-") == 0 ? "standard input" : path);
    contents->fd = fd;
    contents->file_size = regular ? status.st_size : -1;
    contents->file = gzdopen(dup(fd), "rb");
    if (contents->file) gzbuffer(contents->file, ZLIB_BUFFER);
    return contents;
}

void contents_close(struct contents *contents) {
    if (!contents) return;
    gzclose(contents->file);
    close(contents->fd);
    free(contents->path);
    free(contents);
}

const char *contents_name(const struct contents *contents) { return contents->path; }

static int read_failed(const struct contents *contents, struct error *error) {
    int code;
    const char *why = gzerror(contents->file, &code), *name_end = strstr(why, ">: ");
    if (*why == '<' && name_end) why = name_end + 3; /* zlib's own name for the file, "<fd:6>: " */
    return error_set(error, "%s: at byte %" PRId64 " of its contents: %s", contents->path, contents->position,
                     code == Z_ERRNO ? strerror(errno) : why);
}

static int unpacked_read(struct contents *contents, void *to, unsigned size, struct error *error) {
    int n = gzread(contents->file, to, size), code;
    if (n < 0) return read_failed(contents, error);
    gzerror(contents->file, &code);
    if (n == 0 && code == Z_BUF_ERROR) return read_failed(contents, error);
    contents->position += n;
    return n;
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
        if (n < 0) return -1;
        if (n == 0) break;
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
    if (n < 0) return -1;
    return contents_seek(contents, 0, error);
}

int contents_seek(struct contents *contents, int64_t position, struct error *error) {
    contents->head_at = contents->head_end = 0;
    contents->position = position;
    if (gzrewind(contents->file) != 0 || gzseek(contents->file, position, SEEK_SET) != position)
        return read_failed(contents, error);
    return 0;
}

double contents_progress(const struct contents *contents) {
    if (contents->file_size <= 0) return contents->file_size == 0;
    double done = (double)gzoffset(contents->file) / (double)contents->file_size;
    return done > 1 ? 1 : done;
}
