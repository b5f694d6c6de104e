/* The spool's files. A segment is a header and records; numbers are in the machine's order:
 *
 *   header   "flowspl1" or "flowjrn1", stream, position of the first record, checksum of these
 *   record   length (4 bytes), checksum (4 bytes: XXH3 of the text, seeded with the position), text
 *
 * Its name is the position of its first record. Each record's position is one more than the last one's. One that is
 * damaged is renamed to NAME.damaged when what could be read of it has arrived.
 *
 * fault_call() stands before each system call that a unit test has fail. */
#include "queue/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"

const struct spool_kind spool_of_entries = {".spool", "flowspl1", "entries", UINT64_C(1) << 32, true};
const struct spool_kind spool_of_blocks = {".journal", "flowjrn1", "blocks of entries", UINT64_C(1) << 20, false};

enum {
    SEGMENT_BYTES = 16 << 20,
    RECORD_HEAD = 8,
    NAME_MAX_BYTES = 32,
    TORN_MAX = 1 << 20, /* bytes of a record that may have been cut off by the end of the process */
};
static const char aside_suffix[] = ".damaged";

struct header {
    char magic[8];
    uint64_t stream, first, sum;
};

struct segment {
    uint64_t first, n; /* position of the first record; records */
    uint64_t size;     /* bytes, to the end of the last whole record */
    bool damaged;      /* what follows in the file is not what was written */
};

struct reader {
    int fd;            /* -1: nowhere */
    size_t segment;    /* its index */
    uint64_t position; /* of the record at data[at] */
    uint64_t offset;   /* of data[end] in the file */
    char *data;
    size_t at, end, size;
};

struct spool {
    const struct spool_kind *kind;
    char *folder;
    int folder_fd;
    uint64_t max_bytes, segment_bytes, stream, base;
    bool named;               /* the stream is that of segments that were found */
    bool foreign;             /* one of them has another */
    struct segment *segments; /* oldest first */
    size_t n;
    uint64_t bytes; /* of all segments */
    int write_fd;   /* of the last segment; -1: the next record begins another */
    struct buffer staged;
    uint64_t staged_first, staged_n;
    struct reader reader;
    uint64_t torn, damaged;
};

static uint64_t header_sum(const struct header *header) { return XXH3_64bits(header, offsetof(struct header, sum)); }

static uint32_t record_sum(const char *text, size_t len, uint64_t position) {
    return (uint32_t)XXH3_64bits_withSeed(text, len, position);
}

static uint64_t segment_last(const struct segment *segment) { return segment->first + segment->n - 1; }

static const char *segment_name(const struct spool *spool, uint64_t first, char name[NAME_MAX_BYTES]) {
    snprintf(name, NAME_MAX_BYTES, "%020" PRIu64 "%s", first, spool->kind->suffix);
    return name;
}

static int file_error(const struct spool *spool, uint64_t first, struct error *error) {
    char name[NAME_MAX_BYTES];
    return error_set(error, "%s/%s: %s", spool->folder, segment_name(spool, first, name), strerror(errno));
}

/* --- reading --- */

static void reader_close(struct reader *reader) {
    if (reader->fd >= 0) close(reader->fd);
    reader->fd = -1;
}

/* Writable for segment_scan alone. 0; or -1 with errno. */
static int reader_open(struct spool *spool, size_t index) {
    struct reader *reader = &spool->reader;
    char name[NAME_MAX_BYTES];
    reader_close(reader);
    if (!fault_call("spool-open"))
        reader->fd =
            openat(spool->folder_fd, segment_name(spool, spool->segments[index].first, name), O_RDWR | O_CLOEXEC);
    reader->segment = index;
    reader->position = spool->segments[index].first;
    reader->offset = sizeof(struct header);
    reader->at = reader->end = 0;
    return reader->fd >= 0 ? 0 : -1;
}

/* As pread(2), which a signal does not end. */
static ssize_t file_read(int fd, void *bytes, size_t len, uint64_t offset) {
    ssize_t n;
    do
        n = fault_call("spool-read") ? -1 : pread(fd, bytes, len, (off_t)offset);
    while (n < 0 && errno == EINTR);
    return n;
}

/* Reads on, so that a record of `wanted` bytes is there, if the segment has that many. 0; or -1 with errno. */
static int reader_fill(struct reader *reader, const struct segment *segment, size_t wanted) {
    if (reader->at > 0) memmove(reader->data, reader->data + reader->at, reader->end - reader->at);
    reader->end -= reader->at;
    reader->at = 0;
    if (wanted < SPOOL_CHUNK) wanted = SPOOL_CHUNK;
    if (reader->size < wanted) {
        reader->data = mem_realloc(reader->data, wanted, 1);
        reader->size = wanted;
    }
    while (reader->end < wanted && reader->offset < segment->size) {
        size_t most = wanted - reader->end;
        if (most > segment->size - reader->offset) most = (size_t)(segment->size - reader->offset);
        ssize_t n = file_read(reader->fd, reader->data + reader->end, most, reader->offset);
        if (n < 0) return -1;
        if (n == 0) return 0; /* somebody has cut the file */
        reader->end += (size_t)n;
        reader->offset += (uint64_t)n;
    }
    return 0;
}

/* The bytes of the record of this position at data[at], 0 if it isn't all there, is torn or damaged. */
static size_t record_at(const struct reader *reader, size_t at, uint64_t position, size_t *wanted) {
    uint32_t head[2];
    size_t there = reader->end - at;
    *wanted = RECORD_HEAD;
    if (there < RECORD_HEAD) return 0;
    memcpy(head, reader->data + at, RECORD_HEAD);
    *wanted += head[0];
    if (there < *wanted || record_sum(reader->data + at + RECORD_HEAD, head[0], position) != head[1]) return 0;
    return *wanted;
}

static size_t record_len(const struct reader *reader, size_t *wanted) {
    return record_at(reader, reader->at, reader->position, wanted);
}

/* The same in *len, after reading on if that helps. What was returned before goes out of date. 0; or -1 with errno. */
static int record_fetch(struct reader *reader, const struct segment *segment, size_t *len) {
    size_t wanted;
    *len = record_len(reader, &wanted);
    for (unsigned i = 0; i < 2 && *len == 0; i++) { /* the head, then the text of a long one */
        if (wanted > reader->end - reader->at + (segment->size - reader->offset)) return 0;
        if (reader_fill(reader, segment, wanted) != 0) return -1;
        *len = record_len(reader, &wanted);
    }
    return 0;
}

/* What follows in the segment can't be read: it counts as lost and ends before. */
static void segment_cut(struct spool *spool, size_t index, uint64_t position) {
    struct segment *segment = &spool->segments[index];
    char name[NAME_MAX_BYTES];
    uint64_t kept = position - segment->first;
    log_error("spool", "%s/%s: damaged: %" PRIu64 " %s can't be read", spool->folder,
              segment_name(spool, segment->first, name), segment->n - kept, spool->kind->records);
    spool->damaged += segment->n - kept;
    segment->n = kept;
    segment->damaged = true;
}

/* Places the reader in the segment that has the entry behind `position`: 1; 0: there is none; -1 with the error set. */
static int reader_place(struct spool *spool, uint64_t position, struct error *error) {
    struct reader *reader = &spool->reader;
    size_t i = 0;
    while (i < spool->n && (spool->segments[i].n == 0 || segment_last(&spool->segments[i]) <= position))
        i++;
    if (i == spool->n) return 0;
    if (reader->fd >= 0 && reader->segment == i && reader->position <= position + 1) return 1;
    if (reader_open(spool, i) == 0) return 1;
    if (errno != ENOENT) return file_error(spool, spool->segments[i].first, error);
    segment_cut(spool, i, spool->segments[i].first); /* it is gone */
    return 1;
}

uint64_t spool_last(const struct spool *spool) {
    for (size_t i = spool->n; i > 0; i--)
        if (spool->segments[i - 1].n > 0) return segment_last(&spool->segments[i - 1]);
    return 0;
}

bool spool_has(const struct spool *spool, uint64_t position) { return spool_last(spool) > position; }

/* The record that the reader is at: its bytes; 0: it is damaged, and the segment ends before it; -1 with errno. */
static int64_t record_next(struct spool *spool, bool first) {
    struct reader *reader = &spool->reader;
    size_t unused, len;
    if (!first) return (int64_t)record_len(reader, &unused);
    if (record_fetch(reader, &spool->segments[reader->segment], &len) != 0) return -1;
    if (len == 0) segment_cut(spool, reader->segment, reader->position);
    return (int64_t)len;
}

int spool_read(struct spool *spool, uint64_t position, const char **texts, size_t *lens, size_t n_max, uint64_t *last,
               struct error *error) {
    struct reader *reader = &spool->reader;
    size_t n = 0;
    int placed = 0;
    while (n == 0 && (placed = reader_place(spool, position, error)) > 0) {
        const struct segment *segment = &spool->segments[reader->segment];
        while (n < n_max && reader->position < segment->first + segment->n) {
            int64_t len = record_next(spool, n == 0);
            if (len < 0) {
                file_error(spool, segment->first, error);
                reader_close(reader);
                return -1;
            }
            if (len == 0) break;
            if (reader->position > position) {
                texts[n] = reader->data + reader->at + RECORD_HEAD;
                lens[n++] = (size_t)len - RECORD_HEAD;
                *last = reader->position;
            }
            reader->at += (size_t)len;
            reader->position++;
        }
    }
    return placed < 0 ? -1 : (int)n;
}

/* --- writing --- */

static int bytes_write(int fd, const void *bytes, size_t len, uint64_t offset) {
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = fault_call("spool-write") ? -1 : pwrite(fd, at, len, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        at += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static void segment_finish(struct spool *spool) {
    if (spool->write_fd < 0) return;
    if (spool->kind->synced && (fdatasync(spool->write_fd) != 0 || fsync(spool->folder_fd) != 0))
        log_warning("spool", "%s: not protected against power failure: %s", spool->folder, strerror(errno));
    close(spool->write_fd);
    spool->write_fd = -1;
}

static int segment_begin(struct spool *spool, struct error *error) {
    struct header header = {.stream = spool->stream, .first = spool->staged_first};
    char name[NAME_MAX_BYTES];
    segment_finish(spool);
    memcpy(header.magic, spool->kind->magic, sizeof header.magic);
    header.sum = header_sum(&header);
    segment_name(spool, header.first, name);
    int fd =
        fault_call("spool-create") ? -1 : openat(spool->folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0) return file_error(spool, header.first, error);
    if (bytes_write(fd, &header, sizeof header, 0) != 0) {
        file_error(spool, header.first, error);
        close(fd);
        unlinkat(spool->folder_fd, name, 0);
        return -1;
    }
    /* Its blocks at once, not page by page; where there is no room for all of it, there may be for some. */
    if (!spool->kind->synced) (void)fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)spool->segment_bytes);
    spool->write_fd = fd;
    spool->segments = mem_realloc(spool->segments, spool->n + 1, sizeof spool->segments[0]);
    spool->segments[spool->n++] = (struct segment){.first = header.first, .size = sizeof header};
    spool->bytes += sizeof header;
    return 0;
}

bool spool_stage_parts(struct spool *spool, uint64_t position, const struct spool_part *parts, unsigned n) {
    uint64_t len = 0;
    for (unsigned i = 0; i < n; i++)
        len += parts[i].len;
    uint64_t with = sizeof(struct header) + spool->staged.len + RECORD_HEAD + len;
    if (len > UINT32_MAX || spool->bytes + with > spool->max_bytes) return false;
    if (spool->staged_n++ == 0) spool->staged_first = position;
    uint32_t head[2] = {(uint32_t)len, 0};
    size_t at = spool->staged.len;
    buffer_add(&spool->staged, head, sizeof head);
    for (unsigned i = 0; i < n; i++)
        buffer_add(&spool->staged, parts[i].bytes, parts[i].len);
    char *record = spool->staged.data + at;
    head[1] = record_sum(record + RECORD_HEAD, len, position);
    memcpy(record, head, sizeof head);
    return true;
}

bool spool_stage(struct spool *spool, uint64_t position, const char *text, size_t len) {
    return spool_stage_parts(spool, position, &(struct spool_part){text, len}, 1);
}

int spool_write(struct spool *spool, struct error *error) {
    const struct segment *last = spool->n > 0 ? &spool->segments[spool->n - 1] : NULL;
    int failed = 0;
    if (spool->staged_n == 0) return 0;
    if (spool->write_fd < 0 || last->first + last->n != spool->staged_first ||
        last->size + spool->staged.len > spool->segment_bytes)
        failed = segment_begin(spool, error);
    if (!failed) {
        struct segment *segment = &spool->segments[spool->n - 1];
        if (bytes_write(spool->write_fd, spool->staged.data, spool->staged.len, segment->size) == 0) {
            segment->size += spool->staged.len;
            segment->n += spool->staged_n;
            spool->bytes += spool->staged.len;
        } else {
            failed = file_error(spool, segment->first, error);
            /* What stands behind the size is written over by the next try, or found torn. */
            if (ftruncate(spool->write_fd, (off_t)segment->size) != 0)
                log_warning("spool", "%s: can't be truncated: %s", spool->folder, strerror(errno));
        }
    }
    buffer_clear(&spool->staged);
    spool->staged_n = 0;
    return failed;
}

/* --- forgetting --- */

/* A damaged one is a person's to look at. */
static void file_forget(const struct spool *spool, const struct segment *segment) {
    char name[NAME_MAX_BYTES], aside[NAME_MAX_BYTES + sizeof aside_suffix];
    segment_name(spool, segment->first, name);
    snprintf(aside, sizeof aside, "%s%s", name, aside_suffix);
    if (segment->damaged && renameat(spool->folder_fd, name, spool->folder_fd, aside) == 0)
        log_error("spool", "%s/%s: damaged: moved to %s; it is not read again", spool->folder, name, aside);
    else if (segment->damaged || unlinkat(spool->folder_fd, name, 0) != 0)
        log_warning("spool", "%s/%s: %s", spool->folder, name, strerror(errno));
}

void spool_forget(struct spool *spool, uint64_t position) {
    size_t gone = 0;
    while (gone < spool->n && (spool->segments[gone].n == 0 || segment_last(&spool->segments[gone]) <= position)) {
        if (gone + 1 == spool->n && spool->write_fd >= 0) {
            close(spool->write_fd);
            spool->write_fd = -1;
        }
        file_forget(spool, &spool->segments[gone]);
        spool->bytes -= spool->segments[gone++].size;
    }
    if (gone == 0) return;
    spool->n -= gone;
    memmove(spool->segments, spool->segments + gone, spool->n * sizeof spool->segments[0]);
    if (spool->reader.segment < gone)
        reader_close(&spool->reader);
    else
        spool->reader.segment -= gone;
}

struct spool_counts spool_counts(const struct spool *spool) {
    struct spool_counts counts = {
        .bytes = spool->bytes, .max_bytes = spool->max_bytes, .torn = spool->torn, .damaged = spool->damaged};
    for (size_t i = 0; i < spool->n; i++)
        counts.entries += spool->segments[i].n;
    return counts;
}

/* --- opening --- */

static int segment_compare(const void *a, const void *b) {
    const struct segment *left = a, *right = b;
    return (left->first > right->first) - (left->first < right->first);
}

/* The segments that the folder lists, by their names alone. */
static int folder_list(struct spool *spool, struct error *error) {
    int fd = fault_call("spool-list") ? -1 : openat(spool->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
    if (!listing) {
        if (fd >= 0) close(fd);
        return error_set(error, "%s: %s", spool->folder, strerror(errno));
    }
    for (const struct dirent *entry; (errno = 0, entry = readdir(listing));) {
        char name[NAME_MAX_BYTES];
        uint64_t first = strtoull(entry->d_name, NULL, 10);
        if (strcmp(entry->d_name, segment_name(spool, first, name)) != 0) continue;
        spool->segments = mem_realloc(spool->segments, spool->n + 1, sizeof spool->segments[0]);
        spool->segments[spool->n++] = (struct segment){.first = first};
    }
    int number = errno;
    closedir(listing);
    if (number) return error_set(error, "%s: %s", spool->folder, strerror(number));
    if (spool->n > 0) qsort(spool->segments, spool->n, sizeof spool->segments[0], segment_compare);
    return 0;
}

/* The header into the spool's stream. 1; 0: it is damaged; -1 with the error set. */
static int header_read(struct spool *spool, const struct segment *segment, struct error *error) {
    struct header header;
    char name[NAME_MAX_BYTES];
    ssize_t n = file_read(spool->reader.fd, &header, sizeof header, 0);
    if (n < 0) return file_error(spool, segment->first, error);
    if (n != sizeof header || memcmp(header.magic, spool->kind->magic, sizeof header.magic) != 0 ||
        header.sum != header_sum(&header) || header.first != segment->first)
        return 0;
    spool->foreign = spool->named && spool->stream != header.stream;
    if (spool->foreign)
        return error_set(error, "%s/%s: does not belong to the same spool as the other files", spool->folder,
                         segment_name(spool, segment->first, name));
    spool->stream = header.stream;
    spool->named = true;
    return 1;
}

/* Whether what follows the last whole record is the beginning of one that was not written to its end: it would reach
 * beyond the file, and no whole one stands behind its head. 1, 0; or -1 with errno. */
static int rest_is_torn(struct reader *reader, const struct segment *segment) {
    size_t wanted, rest = reader->end - reader->at + (size_t)(segment->size - reader->offset);
    if (rest > TORN_MAX) return 0;
    if (reader_fill(reader, segment, rest) != 0) return -1;
    record_len(reader, &wanted);
    if (wanted <= rest || wanted > TORN_MAX) return 0;
    for (size_t at = reader->at + 1; at < reader->end; at++)
        if (record_at(reader, at, reader->position + 1, &wanted) > 0) return 0;
    return 1;
}

/* Counts the segment's whole records. Cuts off the beginning of one that was torn. */
static int segment_scan(struct spool *spool, size_t index, struct error *error) {
    struct segment *segment = &spool->segments[index];
    struct reader *reader = &spool->reader;
    struct stat status;
    char name[NAME_MAX_BYTES];
    size_t len;
    if (reader_open(spool, index) != 0 || fstat(reader->fd, &status) != 0)
        return file_error(spool, segment->first, error);
    segment->size = (uint64_t)status.st_size;
    int headed = header_read(spool, segment, error);
    if (headed < 0) return -1;
    if (headed == 0) {
        segment->damaged = segment->size > sizeof(struct header); /* with less there was no record in it */
        spool->torn += segment->damaged;
        segment->size = 0; /* it has no records: the first forgetting takes it away */
        return 0;
    }
    do {
        if (record_fetch(reader, segment, &len) != 0) return file_error(spool, segment->first, error);
        reader->at += len;
        reader->position += len > 0;
        segment->n += len > 0;
    } while (len > 0);
    uint64_t whole = reader->offset - (reader->end - reader->at);
    if (whole < segment->size) {
        int torn = rest_is_torn(reader, segment);
        if (torn < 0) return file_error(spool, segment->first, error);
        segment->damaged = !torn;
        spool->torn++;
        log_warning("spool", "%s/%s: %s", spool->folder, segment_name(spool, segment->first, name),
                    torn ? "ends within a record; the record is dropped" : "damaged: the end can't be read");
        segment->size = whole;
        if (torn && ftruncate(reader->fd, (off_t)whole) != 0) return file_error(spool, segment->first, error);
    }
    spool->bytes += segment->size;
    return 0;
}

/* 0; -1 with the error set, nothing forgotten, and *again. */
static int folder_scan(struct spool *spool, bool *again, struct error *error) {
    int failed = folder_list(spool, error);
    for (size_t i = 0; i < spool->n && !failed; i++)
        failed = segment_scan(spool, i, error);
    reader_close(&spool->reader);
    *again = failed && !spool->foreign;
    if (failed || spool->n == 0) return failed;
    const struct segment *last = &spool->segments[spool->n - 1];
    spool->base = last->first + last->n + spool->kind->gap;
    spool_forget(spool, 0);
    return 0;
}

/* Want of something that others may give back, and what a disk or a network may do later. */
static bool is_passing(int number) {
    return number == EMFILE || number == ENFILE || number == ENOMEM || number == EIO || number == EAGAIN ||
           number == EINTR;
}

/* The folder, made and locked. 0; -1 with the error set and *again. */
static int folder_open(struct spool *spool, bool *again, struct error *error) {
    int made = fault_call("spool-folder") ? -1 : mkdir(spool->folder, 0750);
    if (made == 0 || errno == EEXIST) spool->folder_fd = open(spool->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (spool->folder_fd >= 0 && flock(spool->folder_fd, LOCK_EX | LOCK_NB) == 0) return 0;
    bool locked = spool->folder_fd >= 0 && errno == EWOULDBLOCK;
    *again = !locked && is_passing(errno);
    return error_set(error, "%s: %s", spool->folder,
                     locked ? "in use by another process; each process requires its own folder" : strerror(errno));
}

struct spool *spool_open(const struct spool_kind *kind, const char *folder, uint64_t max_bytes, uint64_t stream,
                         bool *again, struct error *error) {
    struct spool *spool = mem_zalloc(1, sizeof *spool);
    spool->kind = kind;
    spool->folder = mem_strdup(folder);
    spool->max_bytes = max_bytes;
    spool->segment_bytes = max_bytes / 4 < SEGMENT_BYTES ? max_bytes / 4 : SEGMENT_BYTES;
    spool->stream = stream;
    spool->write_fd = spool->reader.fd = spool->folder_fd = -1;
    *again = false;
    if (folder_open(spool, again, error) == 0 && folder_scan(spool, again, error) == 0) return spool;
    spool_close(spool);
    return NULL;
}

void spool_close(struct spool *spool) {
    if (!spool) return;
    segment_finish(spool);
    reader_close(&spool->reader);
    if (spool->folder_fd >= 0) close(spool->folder_fd);
    buffer_release(&spool->staged);
    free(spool->reader.data);
    free(spool->segments);
    free(spool->folder);
    free(spool);
}

uint64_t spool_stream(const struct spool *spool) { return spool->stream; }
uint64_t spool_base(const struct spool *spool) { return spool->base; }
