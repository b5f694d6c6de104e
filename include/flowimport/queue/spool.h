/* Entries kept on disk, in order, until they have arrived in Redis, or until the ledger has them (queue/journal.h):
 * segment files in a folder of their own.
 *
 * An entry is known by its position, a number that grows from entry to entry; what has arrived is forgotten by it. Pure
 * file code: no clock, no connection.
 *
 * What spool_write has written survives the end of the process, kill -9 included. A segment (16 MiB, or a quarter of a
 * smaller bound) of a kind that is `synced` is brought to the disk with fdatasync when it is full and when the spool is
 * closed: a power failure takes the last segment at most. Of the other kind it takes what the kernel has not written.
 *
 * Reading ends a segment at the first record that has the wrong checksum. Such a segment is damaged: what follows
 * counts as lost, and the file is never deleted but set aside, as NAME.damaged, once what could be read has arrived.
 * What the system refuses at the moment (no file descriptor, no memory, no permission, an error of the disk) is no
 * damage: it is an error, nothing is changed, and another try may succeed. A last record that was not written to its
 * end is cut off: nobody was told that it was there.
 *
 * When the bound is reached, it is the newest entries that find no room: what was once taken in is sent, the loss is
 * one gap with a known beginning, and a long outage writes the disk once instead of over and over. A segment leaves
 * when all of it has arrived, so up to one segment of the bound may be taken by what has arrived already.
 *
 * Memory: a chunk of 256 KiB for writing and one for reading, or the longest entry; 24 bytes a segment. */
#ifndef FLOWIMPORT_QUEUE_SPOOL_H
#define FLOWIMPORT_QUEUE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SPOOL_CHUNK = 256 << 10 }; /* bytes worth writing, or reading, at a time */

struct spool; /* opaque */

struct spool_counts {
    uint64_t bytes, max_bytes; /* of the files */
    uint64_t entries;          /* those that have arrived included, as long as their segment stays */
    uint64_t torn;             /* segments that did not end with a whole record when they were found */
    uint64_t damaged;          /* entries that could not be read back */
};

/* Two kinds may be in one folder: each has its own files. Positions of a new run begin `gap` behind what was found:
 * more than what can have been sent, or committed, and not be here. */
struct spool_kind {
    const char *suffix, *magic, *records; /* of files, and what their records are, in messages */
    uint64_t gap;
    bool synced;
};
extern const struct spool_kind spool_of_entries; /* the producer's */
extern const struct spool_kind spool_of_blocks;  /* the journal's: it is written all the time, and may not wait */

/* Makes the folder if need be, locks it against a second process, and reads what is there: all of it, for its
 * checksums. `stream` names the entries if there are none yet; else they keep the name they have. NULL with the error
 * set; *again says whether it may pass, or requires a person to fix it (a wrong folder, one that is in use). */
struct spool *spool_open(const struct spool_kind *kind, const char *folder, uint64_t max_bytes, uint64_t stream,
                         bool *again, struct error *error) __attribute__((warn_unused_result));
void spool_close(struct spool *spool);
uint64_t spool_stream(const struct spool *spool);
/* New entries have positions above this: 0, or far behind what was found, so that one which was sent but is missing
 * here (its record was torn) can't be taken for another. */
uint64_t spool_base(const struct spool *spool);
uint64_t spool_last(const struct spool *spool); /* the position of the last entry; 0: there is none */

/* Entries to be written together by spool_write: each position is one more than the last. false: no room. */
bool spool_stage(struct spool *spool, uint64_t position, const char *text, size_t len)
    __attribute__((warn_unused_result));
/* The same of one entry in several pieces. */
struct spool_part {
    const void *bytes;
    size_t len;
};
bool spool_stage_parts(struct spool *spool, uint64_t position, const struct spool_part *parts, unsigned n)
    __attribute__((warn_unused_result));
/* 0; or -1 with the error set (as when the disk is full), and nothing of what was staged is kept. */
int spool_write(struct spool *spool, struct error *error) __attribute__((warn_unused_result));

/* Whether there are entries behind this position. */
bool spool_has(const struct spool *spool, uint64_t position);
/* The next entries behind `position`, at most n_max and about SPOOL_CHUNK bytes of them; *last is the last one's
 * position. Returns how many; 0: none; -1 with the error set: they can't be read now. Borrowed until the next call. */
int spool_read(struct spool *spool, uint64_t position, const char **texts, size_t *lens, size_t n_max, uint64_t *last,
               struct error *error) __attribute__((warn_unused_result));
/* What has a position up to this one has arrived. */
void spool_forget(struct spool *spool, uint64_t position);

struct spool_counts spool_counts(const struct spool *spool);

#endif
