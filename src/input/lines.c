/* Lines, by zlib, which reads plain files as they are. */
#include "input/lines.h"

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

enum { CHUNK = 1 << 18 };

struct lines {
    char *path;
    gzFile file;
    int fd;
    int64_t file_size;
    char *data; /* unpacked bytes; [at, end) not yet returned */
    size_t at, end, size;
    int64_t position; /* of data[at] in the unpacked contents */
    bool ended;
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

struct lines *lines_open(const char *path, struct error *error) {
    bool standard = strcmp(path, "-") == 0;
    struct stat status;
    int fd = standard ? input_spool(error) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (!standard) error_set(error, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        error_set(error, "%s: not a regular file; pipe it to '-'", path);
        close(fd);
        return NULL;
    }
    struct lines *lines = mem_zalloc(1, sizeof *lines);
    lines->path = mem_strdup(standard ? "standard input" : path);
    lines->fd = fd;
    lines->file_size = status.st_size;
    lines->file = gzdopen(dup(fd), "rb");
    lines->size = 2 * CHUNK;
    lines->data = mem_alloc(lines->size);
    if (lines->file) gzbuffer(lines->file, CHUNK);
    return lines;
}

void lines_close(struct lines *lines) {
    if (!lines) return;
    gzclose(lines->file);
    close(lines->fd);
    free(lines->data);
    free(lines->path);
    free(lines);
}

static int read_failed(const struct lines *lines, struct error *error) {
    int code;
    const char *why = gzerror(lines->file, &code), *name_end = strstr(why, ">: ");
    if (*why == '<' && name_end) why = name_end + 3; /* zlib's own name for the file, "<fd:6>: " */
    return error_set(error, "%s: at byte %" PRId64 " of its contents: %s", lines->path, lines->position,
                     code == Z_ERRNO ? strerror(errno) : why);
}

/* Bytes read into `to`; 0 at the end, -1 with the error set. A gzip file that ends too early is an error. */
static int bytes_read(struct lines *lines, char *to, unsigned size, struct error *error) {
    int n = gzread(lines->file, to, size), code;
    if (n < 0) return read_failed(lines, error);
    gzerror(lines->file, &code);
    if (n == 0 && code == Z_BUF_ERROR) return read_failed(lines, error);
    return n;
}

int lines_identity(struct lines *lines, char identity[33], struct error *error) {
    XXH3_state_t *state = XXH3_createState();
    int n;
    if (!state || XXH3_128bits_reset(state) != XXH_OK) return error_set(error, "out of memory");
    while ((n = bytes_read(lines, lines->data, CHUNK, error)) > 0)
        XXH3_128bits_update(state, lines->data, (size_t)n);
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    snprintf(identity, 33, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
    if (n < 0) return -1;
    return lines_seek(lines, 0, error);
}

int lines_seek(struct lines *lines, int64_t position, struct error *error) {
    lines->at = lines->end = 0;
    lines->ended = false;
    lines->position = position;
    if (gzrewind(lines->file) != 0 || gzseek(lines->file, position, SEEK_SET) != position)
        return read_failed(lines, error);
    return 0;
}

static int line_too_long(const struct lines *lines, struct error *error) {
    return error_set(error, "%s: at byte %" PRId64 ": a line of more than %d bytes", lines->path, lines->position,
                     LINE_MAX_BYTES);
}

/* Makes room and reads on. 1, 0 at the end, -1. What is kept is the longest line, its '\r', and a chunk. */
static int more(struct lines *lines, struct error *error) {
    memmove(lines->data, lines->data + lines->at, lines->end - lines->at);
    lines->end -= lines->at;
    lines->at = 0;
    if (lines->end > LINE_MAX_BYTES + 1) return line_too_long(lines, error);
    if (lines->size - lines->end < CHUNK) {
        lines->size *= 2;
        lines->data = mem_realloc(lines->data, lines->size, 1);
    }
    int n = bytes_read(lines, lines->data + lines->end, CHUNK, error);
    if (n > 0) lines->end += (size_t)n;
    return n > 0 ? 1 : n;
}

int lines_next(struct lines *lines, const char **text, size_t *len, struct error *error) {
    size_t seen = 0;
    char *newline;
    while (!(newline = memchr(lines->data + lines->at + seen, '\n', lines->end - lines->at - seen)) && !lines->ended) {
        seen = lines->end - lines->at;
        int status = more(lines, error);
        if (status < 0) return -1;
        if (status == 0) lines->ended = true;
    }
    if (lines->at == lines->end) return 0;
    size_t whole = newline ? (size_t)(newline - (lines->data + lines->at)) + 1 : lines->end - lines->at;
    *text = lines->data + lines->at;
    *len = newline ? whole - 1 : whole;
    if (*len > 0 && (*text)[*len - 1] == '\r') (*len)--;
    if (*len > LINE_MAX_BYTES) return line_too_long(lines, error);
    lines->at += whole;
    lines->position += (int64_t)whole;
    return 1;
}

int64_t lines_position(const struct lines *lines) { return lines->position; }

double lines_progress(const struct lines *lines) {
    if (lines->file_size == 0) return 1;
    double done = (double)gzoffset(lines->file) / (double)lines->file_size;
    return done > 1 ? 1 : done;
}
