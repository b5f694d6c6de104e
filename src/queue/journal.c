/* The journal: a spool whose records are blocks of a feed behind a head. */
#include "queue/journal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/spool.h"

/* Before the block's bytes. */
struct head {
    int64_t now, number;
    uint32_t n, layout;
};

/* Something that may fail, and is tried again in another second. */
struct attempt {
    struct error error; /* of the last; "": it went well */
    int64_t at;         /* when it failed */
};

struct journal {
    const struct journal_config *config;
    struct spool *spool; /* NULL: it can't be opened yet */
    uint64_t position;   /* of the last block that was appended, or the one before the next */
    struct journal_place end;
    int64_t next_number; /* smallest of the next block in this process */
    struct attempt opening, reading, writing;
    uint64_t appended; /* entries that were written */
};

/* --- what fails --- */

static bool is_due(const struct attempt *attempt, int64_t now) { return !attempt->error.text[0] || attempt->at != now; }

static void attempt_failed(struct attempt *attempt, int64_t now, const struct error *error, const char *meaning) {
    if (!attempt->error.text[0]) log_error("spool", "%s; %s", error->text, meaning);
    attempt->error = *error;
    attempt->at = now;
}

static void attempt_succeeded(struct journal *journal, struct attempt *attempt, const char *what) {
    if (attempt->error.text[0]) log_notice("spool", "%s: %s again", journal->config->folder, what);
    attempt->error.text[0] = '\0';
}

/* --- opening --- */

/* 0, or -1 with the error set and *again. */
static int journal_begin(struct journal *journal, bool *again, struct error *error) {
    const struct journal_config *config = journal->config;
    uint64_t stream;
    *again = true;
    if (getrandom(&stream, sizeof stream, 0) != sizeof stream) return error_set(error, "getrandom failed");
    journal->spool = spool_open(&spool_of_blocks, config->folder, config->max_bytes, stream, again, error);
    if (!journal->spool) return -1;
    journal->position = spool_base(journal->spool);
    journal->end = (struct journal_place){spool_last(journal->spool) + 1, 0};
    return 0;
}

struct journal *journal_new(const struct journal_config *config, struct error *error) {
    struct journal *journal = mem_zalloc(1, sizeof *journal);
    struct error why;
    bool again;
    journal->config = config;
    if (journal_begin(journal, &again, &why) == 0) return journal;
    if (again) {
        attempt_failed(&journal->opening, 0, &why, "entries are in memory alone until it can be opened");
        return journal;
    }
    *error = why;
    free(journal);
    return NULL;
}

void journal_free(struct journal *journal) {
    if (!journal) return;
    spool_close(journal->spool);
    free(journal);
}

bool journal_is_open(struct journal *journal, int64_t now) {
    struct error error;
    bool again;
    if (journal->spool) return true;
    if (!is_due(&journal->opening, now)) return false;
    if (journal_begin(journal, &again, &error) == 0)
        attempt_succeeded(journal, &journal->opening, "usable");
    else
        attempt_failed(&journal->opening, now, &error, "entries are in memory alone until it can be opened");
    return journal->spool != NULL;
}

int64_t journal_stream(const struct journal *journal) {
    return (int64_t)(spool_stream(journal->spool) >> 1 | 1); /* rows of other sources have 0 */
}

struct journal_place journal_end(const struct journal *journal) { return journal->end; }

/* --- blocks --- */

/* Names the block, and stages it. false: there is no room. */
static bool block_stage(struct journal *journal, int64_t now_us, struct journal_block *block, uint64_t position,
                        int64_t number) {
    block->now = now_us / 1000000;
    block->number = now_us > number ? now_us : number;
    block->position = position;
    const struct head head = {
        .now = block->now, .number = block->number, .n = block->n, .layout = journal->config->layout};
    const struct spool_part parts[] = {{&head, sizeof head}, {block->bytes, block->len}};
    return spool_stage_parts(journal->spool, position, parts, 2);
}

static unsigned blocks_write(struct journal *journal, int64_t now_us, struct journal_block *blocks, unsigned n) {
    struct error error;
    int64_t number = journal->next_number;
    unsigned staged = 0;
    while (staged < n && block_stage(journal, now_us, &blocks[staged], journal->position + 1 + staged, number)) {
        number = blocks[staged].number + blocks[staged].n;
        staged++;
    }
    if (staged == 0)
        error_set(&error, "%s: full, at %" PRIu64 " bytes", journal->config->folder, journal->config->max_bytes);
    if (staged == 0 || spool_write(journal->spool, &error) != 0) {
        attempt_failed(&journal->writing, now_us / 1000000, &error, "entries are in memory alone");
        return 0;
    }
    attempt_succeeded(journal, &journal->writing, "writable");
    journal->position += staged;
    journal->end = (struct journal_place){journal->position + 1, 0};
    journal->next_number = number;
    for (unsigned i = 0; i < staged; i++)
        journal->appended += blocks[i].n;
    fault_point("after-append");
    return staged;
}

unsigned journal_append(struct journal *journal, int64_t now_us, struct journal_block *blocks, unsigned n) {
    unsigned written = 0;
    if (journal->spool && is_due(&journal->writing, now_us / 1000000))
        written = blocks_write(journal, now_us, blocks, n);
    for (unsigned i = written; i < n; i++)
        blocks[i].position = 0;
    return written;
}

/* Takes the head off. As journal_read(), but 0: nobody wrote that. */
static int block_open(const struct journal *journal, struct journal_block *block) {
    struct head head;
    if (block->len < sizeof head) return 0;
    memcpy(&head, block->bytes, sizeof head);
    block->now = head.now;
    block->number = head.number;
    block->n = head.n;
    block->bytes += sizeof head;
    block->len -= sizeof head;
    return head.layout == journal->config->layout ? 1 : JOURNAL_FOREIGN;
}

int journal_read(struct journal *journal, uint64_t from, int64_t now, struct journal_block *block) {
    struct error error;
    uint64_t behind = from > 0 ? from - 1 : 0;
    int n, found = 0;
    if (!is_due(&journal->reading, now)) return -1;
    do {
        n = spool_read(journal->spool, behind, &block->bytes, &block->len, 1, &block->position, &error);
        behind = block->position;
        if (n > 0) found = block_open(journal, block);
    } while (n > 0 && found == 0);
    if (n >= 0)
        attempt_succeeded(journal, &journal->reading, "readable");
    else
        attempt_failed(&journal->reading, now, &error, "what is in it waits, and reading is retried");
    return n > 0 ? found : n;
}

void journal_forget(struct journal *journal, struct journal_place place) {
    if (journal->spool && place.block > 0) spool_forget(journal->spool, place.block - 1);
}

bool journal_is_filling(const struct journal *journal) {
    return journal->spool && spool_counts(journal->spool).bytes > journal->config->max_bytes / 2;
}

/* --- shown --- */

static const char *problem(const struct journal *journal) {
    const struct attempt *attempts[] = {&journal->opening, &journal->reading, &journal->writing};
    for (unsigned i = 0; i < sizeof attempts / sizeof attempts[0]; i++)
        if (attempts[i]->error.text[0]) return attempts[i]->error.text;
    return NULL;
}

void journal_show(const struct journal *journal, struct show *show) {
    struct spool_counts counts = {.max_bytes = journal->config->max_bytes};
    if (journal->spool) counts = spool_counts(journal->spool);
    show_module(show, "spool");
    show_counter(show, "entries_total", "Entries that were written to the spool (queue = direct).", journal->appended);
    show_counter(show, "damaged_blocks_total", "Blocks of entries that could not be read back.", counts.damaged);
    show_counter(show, "torn_total", "Files that did not end with a whole block when they were found.", counts.torn);
    show_gauge(show, "bytes", "The size of the spool in bytes.", counts.bytes);
    show_gauge(show, "limit_bytes", "The maximum size of the spool in bytes.", counts.max_bytes);
    show_text(show, "error", problem(journal));
}

void journal_problems(const struct journal *journal, struct buffer *out) {
    if (problem(journal))
        buffer_printf(out, "spool: %s: entries would be lost if the process was killed\n", problem(journal));
}
