/* Elements of the rejected list: a line that says why, then the entry. */
#include "flow/rejected.h"

#include <inttypes.h>
#include <string.h>

#include "flow/entry.h"

/* As a JSON string; field names and shown values are printable ASCII. */
static void quoted_add(struct buffer *out, const char *text) {
    buffer_add(out, "\"", 1);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') buffer_add(out, "\\", 1);
        buffer_add(out, text, 1);
    }
    buffer_add(out, "\"", 1);
}

void rejected_format(struct buffer *out, const struct reject *reject, int64_t now, const char *text, size_t len) {
    buffer_printf(out, "{\"reason\":\"%s\",\"field\":", reject_texts[reject->reason].token);
    quoted_add(out, reject->field);
    buffer_add_text(out, ",\"value\":");
    quoted_add(out, reject->value);
    buffer_printf(out, ",\"time\":%" PRId64, now);
    if (len > ENTRY_HEAD_BYTES) buffer_printf(out, ",\"bytes\":%zu", len);
    buffer_add_text(out, "}\n");
    buffer_add(out, text, len > ENTRY_HEAD_BYTES ? ENTRY_HEAD_BYTES : len);
}

bool rejected_is_cut(const char *element, size_t entry) {
    static const char name[] = ",\"bytes\":", end[] = "}\n";
    const char *at = element + entry - (sizeof end - 1); /* the last member: what stands before it may be anything */
    if (entry < sizeof name + sizeof end) return false;
    while (at > element + sizeof name && at[-1] >= '0' && at[-1] <= '9')
        at--;
    return memcmp(at - (sizeof name - 1), name, sizeof name - 1) == 0;
}

size_t rejected_entry(const char *element, size_t len) {
    static const char begin[] = "{\"reason\":\"";
    const char *line_end = memchr(element, '\n', len);
    if (!line_end || len < sizeof begin - 1 || memcmp(element, begin, sizeof begin - 1) != 0) return 0;
    return (size_t)(line_end - element) + 1;
}
