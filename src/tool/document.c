/* A JSON document, indented by two for each level, printed as it grows. */
#include "tool/document.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/show.h"

enum { PRINT_BYTES = 1 << 16 };

static void document_print(struct document *document) {
    fwrite(document->out.data, 1, document->out.len, stdout);
    buffer_clear(&document->out);
}

/* The place of the next member. */
static void member_begin(struct document *document, const char *name) {
    if (document->out.len >= PRINT_BYTES) document_print(document);
    if (document->depth > 0)
        buffer_printf(&document->out, "%s\n%*s", document->has_members ? "," : "", (int)(2 * document->depth), "");
    document->has_members = true;
    if (name) buffer_printf(&document->out, "\"%s\": ", name);
}

static void level_open(struct document *document, const char *name, char opening, char closing) {
    member_begin(document, name);
    buffer_add(&document->out, &opening, 1);
    document->closing[document->depth++] = closing;
    document->has_members = false;
}

void document_object(struct document *document, const char *name) { level_open(document, name, '{', '}'); }

void document_array(struct document *document, const char *name) { level_open(document, name, '[', ']'); }

void document_close(struct document *document) {
    document->depth--;
    if (document->has_members) buffer_printf(&document->out, "\n%*s", (int)(2 * document->depth), "");
    buffer_add(&document->out, &document->closing[document->depth], 1);
    document->has_members = true;
    if (document->depth > 0) return;
    buffer_add_text(&document->out, "\n");
    document_print(document);
    buffer_release(&document->out);
}

void document_text(struct document *document, const char *name, const char *text) {
    member_begin(document, name);
    if (text)
        show_quoted(&document->out, text);
    else
        buffer_add_text(&document->out, "null");
}

void document_number(struct document *document, const char *name, sum_wide number) {
    char text[SUM_DIGITS + 1];
    member_begin(document, name);
    buffer_add_text(&document->out, sum_text(number, 0, text));
}

void document_time(struct document *document, const char *name, int64_t seconds) {
    member_begin(document, name);
    if (seconds)
        buffer_printf(&document->out, "%" PRId64, seconds);
    else
        buffer_add_text(&document->out, "null");
}

void document_bool(struct document *document, const char *name, bool value) {
    member_begin(document, name);
    buffer_add_text(&document->out, value ? "true" : "false");
}

void document_millionths(struct document *document, const char *name, sum_wide millionths) {
    unsigned rest = (unsigned)(millionths % 1000000);
    document_number(document, name, millionths / 1000000);
    if (rest == 0) return;
    int digits = 6;
    for (; rest % 10 == 0; rest /= 10)
        digits--;
    buffer_printf(&document->out, ".%0*u", digits, rest);
}
