/* A queue entry: one JSON object of IPFIX element names, or a list of such, read into flow records.
 *
 * Two readers, one set of rules. The scanner reads the plain case (a flat object of plain integers and plain ASCII
 * strings) in place, without allocating; whatever it does not accept goes to jansson, which decides. Both only find the
 * values; what a value means, and which are refused, is decided in one place behind them (coerce.h). */
#ifndef FLOWIMPORT_FLOW_ENTRY_H
#define FLOWIMPORT_FLOW_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/record.h"
#include "flow/reject.h"

struct entry_decoder; /* opaque; one thread at a time */

struct entry_counters {
    uint64_t scanned;       /* entries the scanner read */
    uint64_t parsed;        /* entries that needed jansson */
    uint64_t unknown_names; /* names that are no information element; ignored */
};

enum { ENTRY_RECORDS_MAX = 2 }; /* a biflow's two directions */

/* A longer entry is refused unread. Its length is handed on, but no more than its head:
 * nobody holds the rest. */
enum { ENTRY_BYTES_MAX = 1 << 20, ENTRY_HEAD_BYTES = 64 << 10 };
/* How many bytes there are of an entry of that length. */
static inline size_t entry_held(size_t len) { return len > ENTRY_BYTES_MAX ? ENTRY_HEAD_BYTES : len; }
enum { ENTRY_IS_LEFT = -1, ENTRY_IS_LIST = -2 };

/* Which reader: ENTRY_ANY in production; the others let tests and the fuzzer compare the two. */
enum entry_reader { ENTRY_ANY, ENTRY_SCANNER_ONLY, ENTRY_JANSSON_ONLY };

/* The layout is borrowed and must outlive the decoder. Freed by entry_decoder_free. */
struct entry_decoder *entry_decoder_new(const struct flow_layout *layout);
void entry_decoder_free(struct entry_decoder *decoder);
const struct entry_counters *entry_decoder_counters(const struct entry_decoder *decoder);

/* Reads one entry. Returns the number of records (1, or 2 for a biflow with its reverse direction as the second), or 0
 * with *reject filled; ENTRY_IS_LEFT where ENTRY_SCANNER_ONLY left the entry to jansson; ENTRY_IS_LIST for a list,
 * which entry_decode_list() reads (*reject is filled for callers that read none). The records' times are within 32 bits
 * but not yet compared with each other or with the clock: check_record's business. The text is not changed and needs no
 * NUL. */
int entry_decode(struct entry_decoder *decoder, enum entry_reader reader, const char *text, size_t len,
                 struct flow_record records[ENTRY_RECORDS_MAX], struct reject *reject);

/* The records of one object of a list, which may be changed. false, with the reason set, stops the reading. */
typedef bool entry_list_fn(void *context, struct flow_record *records, unsigned n, struct reject *reject);
/* Reads a list of objects and hands on the records of each, in their order. Whether all of them were read and taken;
 * else *reject has the reason, and names the object at fault by its index: "[3].octetDeltaCount". A list without an
 * object is refused, too. */
bool entry_decode_list(struct entry_decoder *decoder, const char *text, size_t len, entry_list_fn *each, void *context,
                       struct reject *reject);

#endif
