/* One JSON document on standard output, for --json: named members in the order in which they are written. */
#ifndef FLOWIMPORT_TOOL_DOCUMENT_H
#define FLOWIMPORT_TOOL_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "flow/sum.h"

struct document { /* begins as {0}, which is where its root is opened */
    struct buffer out;
    char closing[8]; /* of what is open */
    unsigned depth;
    bool has_members; /* of the innermost */
};

/* `name` is NULL in arrays and at the root; names are ours and need no escaping. */
void document_object(struct document *document, const char *name);
void document_array(struct document *document, const char *name);
/* Ends the innermost object or array; the root: and prints what is left of the document. */
void document_close(struct document *document);

/* NULL is null; what is no UTF-8 becomes '?'. */
void document_text(struct document *document, const char *name, const char *text);
void document_number(struct document *document, const char *name, sum_wide number);
/* Seconds since 1970; 0 is null. */
void document_time(struct document *document, const char *name, int64_t seconds);
void document_bool(struct document *document, const char *name, bool value);
/* Millionths, as a number with as many decimals as it needs. */
void document_millionths(struct document *document, const char *name, sum_wide millionths);

#endif
