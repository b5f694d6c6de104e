/* Any bytes as the lines of any tool: no byte beyond them, and what comes out is an entry of one line that can be read,
 * the same where the reading goes on behind any line; tuples the same however they are cut into pieces. The first byte
 * says which tool, and where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/entry.h"
#include "flow/names.h"
#include "files/foreign.h"
#include "files/tuples.h"

static struct flow_layout layout;
static struct entry_decoder *decoder;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    setenv("TZ", "Europe/Berlin", 1);
    names_init();
    if (flow_layout_init(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, NULL) != 0) abort();
    decoder = entry_decoder_new(&layout);
    return 0;
}

/* It is JSON, whatever is to be said of its values. */
static bool record_take(void *context, struct flow_record *records, unsigned n, struct reject *reject) {
    (void)context, (void)records, (void)n, (void)reject;
    return true;
}

static void entry_check(const char *text, size_t len) {
    struct flow_record records[ENTRY_RECORDS_MAX];
    struct reject reject;
    int n = entry_decode(decoder, ENTRY_ANY, text, len, records, &reject);
    if (n > 0 || (n == ENTRY_IS_LIST && entry_decode_list(decoder, text, len, record_take, NULL, &reject))) return;
    if (reject.reason == REJECT_NOT_JSON || reject.reason == REJECT_NOT_AN_OBJECT ||
        reject.reason == REJECT_MISSING_FIELD || memchr(text, '\n', len))
        abort();
}

/* Reads from line `from` on; the records behind it, and how they end. */
static uint64_t lines_read(enum foreign_format format, const char *data, size_t size, unsigned from) {
    struct foreign *foreign = foreign_new(format, 0);
    struct error error;
    uint64_t sum = 0;
    for (unsigned number = 0; size > 0; number++) {
        const char *end = memchr(data, '\n', size), *text;
        size_t len = end ? (size_t)(end - data) : size, text_len;
        char *line = malloc(len + 1); /* so that a byte too many is found */
        memcpy(line, data, len);
        if (number < from && len > 0) foreign_skip(foreign, line, len);
        int found =
            number < from || len == 0 ? FOREIGN_NONE : foreign_line(foreign, line, len, &text, &text_len, &error);
        if (found == FOREIGN_ENTRY) entry_check(text, text_len);
        if (found < 0 && (strlen(error.text) == 0 || strchr(error.text, '\n'))) abort();
        /* What ends on lines from 8 on must not depend on where the reading began. */
        if (number >= 8 && found != FOREIGN_NONE) {
            (void)foreign_record(foreign, &text_len);
            sum = sum * 31 + number * 7 + (uint64_t)(found < 0) + text_len;
        }
        free(line);
        data += len + (end != NULL);
        size -= len + (end != NULL);
    }
    foreign_free(foreign);
    return sum;
}

/* The tuples of a text in pieces of that size, as one number. */
static uint64_t tuples_read(const char *data, size_t size, size_t piece) {
    struct tuples *tuples = tuples_new();
    struct tuple tuple;
    uint64_t sum = 0;
    for (size_t at = 0; at < size; at += piece) {
        tuples_feed(tuples, (int64_t)at, data + at, size - at < piece ? size - at : piece);
        while (tuples_next(tuples, &tuple)) {
            if (tuple.len < 2 || tuple.len > TUPLE_MAX || data[tuple.position - 1] != '"') abort();
            sum = sum * 31 + (uint64_t)tuple.position + tuple.len + (unsigned char)tuple.text[tuple.len / 2];
        }
    }
    tuples_free(tuples);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    const char *text = (const char *)data + 1;
    enum foreign_format format = (enum foreign_format)(data[0] % FOREIGN_FORMATS);
    (void)foreign_find(text, size - 1);
    if (format == FOREIGN_AZURE && tuples_read(text, size - 1, size) != tuples_read(text, size - 1, 1 + data[0]))
        abort();
    if (format == FOREIGN_ENTRIES) return 0; /* files/objects.h reads them */
    if (lines_read(format, text, size - 1, 0) != lines_read(format, text, size - 1, data[0] / FOREIGN_FORMATS % 8))
        abort();
    return 0;
}
