/* The file that is followed, and the one that comes after it. */
#include "files/tail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/mem.h"
#include "files/lines.h"

enum {
    CHUNK = 256 << 10,
    LABEL_BYTES = 4096, /* of the first line, at most */
    QUIET_US = 1000000, /* without a new byte in a renamed file: its writer has changed to the new one */
};

struct tail {
    char *path, *folder;
    const char *name; /* in the path */
    int fd;
    char label[TAIL_LABEL_MAX]; /* "": the first line is not whole yet */
    bool told;                  /* TAIL_FILE was returned */
    uint64_t position;          /* of data[at] in the file */
    struct buffer data;         /* [at, len) not yet returned */
    size_t at;
    uint64_t dropped; /* bytes of the line at `at` behind its head, which are not in `data` */
    int64_t quiet_us; /* since when nothing new was in a file that has been replaced; 0: not seen */
};

/* false: its first line is not whole yet. */
static bool label_find(int fd, bool whole, char label[TAIL_LABEL_MAX]) {
    char first[LABEL_BYTES];
    struct stat status;
    ssize_t n = pread(fd, first, sizeof first, 0);
    const char *end = n > 0 ? memchr(first, '\n', (size_t)n) : NULL;
    label[0] = '\0';
    if (n <= 0 || fstat(fd, &status) != 0 || (!end && n < LABEL_BYTES && !whole)) return false;
    size_t len = end ? (size_t)(end - first) : (size_t)n;
    snprintf(label, TAIL_LABEL_MAX, "%ju-%016" PRIx64, (uintmax_t)status.st_ino, (uint64_t)XXH3_64bits(first, len));
    return true;
}

/* Whether this is how a rotated file is named: FILE.1, FILE-20261123, FILE.2026-11-23_03. */
static bool name_is_rotated(const char *name, const char *of) {
    size_t len = strlen(of);
    if (strncmp(name, of, len) != 0) return false;
    const char *rest = name + len;
    return *rest && strchr(".-_", *rest) && rest[1] && rest[1 + strspn(rest + 1, "0123456789.-_T:")] == '\0';
}

static int file_open(const struct tail *tail, const char *name) {
    char *path = mem_printf("%s/%s", tail->folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    return fd;
}

static void file_take(struct tail *tail, int fd, uint64_t position) {
    if (tail->fd >= 0 && tail->fd != fd) close(tail->fd);
    tail->fd = fd;
    tail->position = position;
    tail->told = false;
    tail->at = 0;
    tail->dropped = 0;
    tail->quiet_us = 0;
    buffer_clear(&tail->data);
    (void)label_find(fd, false, tail->label);
}

/* Calls `see` for every rotated file, open; it returns whether to keep it open. */
static void rotated_see(struct tail *tail, bool (*see)(void *context, int fd), void *context) {
    DIR *listing = opendir(tail->folder);
    if (!listing) return;
    for (const struct dirent *entry; (entry = readdir(listing));) {
        if (!name_is_rotated(entry->d_name, tail->name)) continue;
        int fd = file_open(tail, entry->d_name);
        if (fd >= 0 && !see(context, fd)) close(fd);
    }
    closedir(listing);
}

/* --- where to begin --- */

struct wanted {
    const char *label;
    uint64_t position;
    int fd; /* -1: not found */
};

static bool label_see(void *context, int fd) {
    struct wanted *wanted = context;
    char label[TAIL_LABEL_MAX];
    struct stat status;
    if (wanted->fd >= 0 || !label_find(fd, true, label) || strcmp(label, wanted->label) != 0) return false;
    if (fstat(fd, &status) != 0 || (uint64_t)status.st_size < wanted->position) return false;
    wanted->fd = fd;
    return true;
}

struct tail *tail_open(const char *path, const char *label, uint64_t position, struct error *error) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        error_set(error, "%s: %s", path, fd < 0 ? strerror(errno) : "not a regular file");
        if (fd >= 0) close(fd);
        return NULL;
    }
    struct tail *tail = mem_zalloc(1, sizeof *tail);
    const char *slash = strrchr(path, '/');
    tail->fd = -1;
    tail->path = mem_strdup(path);
    tail->folder = slash ? mem_strndup(path, (size_t)(slash - path) + 1) : mem_strdup(".");
    tail->name = slash ? tail->path + (slash - path) + 1 : tail->path;
    struct wanted wanted = {label, position, -1};
    if (*label && !label_see(&wanted, fd)) rotated_see(tail, label_see, &wanted);
    if (wanted.fd >= 0 && wanted.fd != fd) close(fd);
    if (*label && wanted.fd < 0)
        log_warning("push",
                    "%s: the last file that was read is missing or compressed; its contents after byte %" PRIu64
                    " are not read",
                    path, position);
    file_take(tail, wanted.fd >= 0 ? wanted.fd : fd, wanted.fd >= 0 ? position : 0);
    return tail;
}

void tail_close(struct tail *tail) {
    if (!tail) return;
    close(tail->fd);
    buffer_release(&tail->data);
    free(tail->path);
    free(tail->folder);
    free(tail);
}

/* --- which comes next --- */

static bool later(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

struct successor {
    struct stat current, found;
    int fd; /* -1: none yet */
};

static bool successor_see(void *context, int fd) {
    struct successor *successor = context;
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_ino == successor->current.st_ino) return false;
    if (!later(&status.st_mtim, &successor->current.st_mtim)) return false;
    if (successor->fd >= 0 && !later(&successor->found.st_mtim, &status.st_mtim)) return false;
    if (successor->fd >= 0) close(successor->fd);
    successor->fd = fd;
    successor->found = status;
    return true;
}

/* false: there is none. */
static bool successor_take(struct tail *tail) {
    struct successor successor = {.fd = -1};
    if (fstat(tail->fd, &successor.current) != 0) return false;
    rotated_see(tail, successor_see, &successor);
    if (successor.fd < 0) successor.fd = open(tail->path, O_RDONLY | O_CLOEXEC);
    if (successor.fd < 0) return false;
    file_take(tail, successor.fd, 0);
    return true;
}

/* Whether another file stands in its place. */
static bool file_is_replaced(const struct tail *tail) {
    struct stat ours, there;
    return fstat(tail->fd, &ours) == 0 && stat(tail->path, &there) == 0 &&
           (ours.st_ino != there.st_ino || ours.st_dev != there.st_dev);
}

/* --- reading --- */

/* Whether it was cut off, or begins with another line than it did. */
static bool file_is_anew(const struct tail *tail) {
    char label[TAIL_LABEL_MAX];
    struct stat status;
    if (fstat(tail->fd, &status) != 0) return false;
    if ((uint64_t)status.st_size < tail->position + tail->dropped + (tail->data.len - tail->at)) return true;
    return tail->label[0] && label_find(tail->fd, false, label) && strcmp(label, tail->label) != 0;
}

/* What is held of a line whose end has not come: of one that is too long, its head. */
static size_t line_held(struct tail *tail) {
    size_t left = tail->data.len - tail->at;
    if (left <= LINE_MAX_BYTES + 1) return left; /* its '\r' is not part of it */
    tail->dropped += left - ENTRY_HEAD_BYTES;
    tail->data.len = tail->at + ENTRY_HEAD_BYTES;
    return ENTRY_HEAD_BYTES;
}

/* Bytes that were added, 0 if none, -1 with the error set. */
static ssize_t file_read(struct tail *tail, struct error *error) {
    size_t left = tail->data.len - tail->at;
    if (left > 0) memmove(tail->data.data, tail->data.data + tail->at, left);
    tail->data.len = left;
    tail->at = 0;
    buffer_reserve(&tail->data, CHUNK);
    ssize_t n = pread(tail->fd, tail->data.data + left, CHUNK, (off_t)(tail->position + left + tail->dropped));
    if (n < 0) return error_set(error, "%s: %s", tail->path, strerror(errno));
    tail->data.len += (size_t)n;
    if (!tail->label[0] && tail->data.len > 0) (void)label_find(tail->fd, false, tail->label);
    return n;
}

static int line_return(struct tail *tail, size_t whole, size_t len, const char **text, size_t *text_len) {
    if (!tail->told) {
        tail->told = true;
        return TAIL_FILE;
    }
    *text = tail->data.data + tail->at;
    *text_len = tail->dropped > 0 ? len + tail->dropped : len > 0 && (*text)[len - 1] == '\r' ? len - 1 : len;
    tail->at += whole;
    tail->position += whole + tail->dropped;
    tail->dropped = 0;
    return TAIL_LINE;
}

int tail_next(struct tail *tail, int64_t now_us, const char **text, size_t *len, struct error *error) {
    for (size_t seen = 0;;) {
        size_t left = tail->data.len - tail->at;
        const char *from = left > 0 ? tail->data.data + tail->at : "";
        const char *newline = left > seen ? memchr(from + seen, '\n', left - seen) : NULL;
        if (newline) return line_return(tail, (size_t)(newline - from) + 1, (size_t)(newline - from), text, len);
        seen = line_held(tail);
        if (file_is_anew(tail)) {
            log_notice("push", "%s: was truncated; reading it from the start", tail->path);
            file_take(tail, tail->fd, 0);
            seen = 0;
        }
        ssize_t n = file_read(tail, error);
        if (n < 0) return -1;
        if (n > 0) {
            tail->quiet_us = 0;
            continue;
        }
        if (!file_is_replaced(tail)) return TAIL_NONE;
        if (tail->quiet_us == 0) tail->quiet_us = now_us;
        if (now_us - tail->quiet_us < QUIET_US) return TAIL_NONE;
        if (seen > 0) { /* a last line without its end */
            if (!tail->label[0]) (void)label_find(tail->fd, true, tail->label);
            return line_return(tail, seen, seen, text, len);
        }
        if (!successor_take(tail)) return TAIL_NONE;
    }
}

void tail_rewind(struct tail *tail) {
    tail->position = 0;
    tail->at = 0;
    tail->dropped = 0;
    buffer_clear(&tail->data);
}

const char *tail_label(const struct tail *tail) { return tail->label; }
uint64_t tail_position(const struct tail *tail) { return tail->position; }
