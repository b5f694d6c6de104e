/* flowimport convert: another program's configuration as ours. */
#include <stdio.h>

#include "files/contents.h"
#include "tool/convert/vermont.h"
#include "tool/commands.h"

enum { SIZE_MAX_BYTES = 4 << 20, READ_BYTES = 1 << 16 };

static int file_read(const char *path, struct buffer *text) {
    struct error error;
    struct contents *contents = contents_open(path, false, &error);
    int n = -1;
    while (contents && text->len <= SIZE_MAX_BYTES) {
        buffer_reserve(text, READ_BYTES);
        n = contents_read(contents, text->data + text->len, READ_BYTES, &error);
        if (n <= 0) break;
        text->len += (size_t)n;
    }
    if (contents) contents_close(contents);
    if (n < 0) return command_fail(EXIT_FAILED, "%s", error.text);
    return text->len <= SIZE_MAX_BYTES
               ? EXIT_DONE
               : command_fail(EXIT_FAILED, "%s: longer than %d MiB", path, SIZE_MAX_BYTES >> 20);
}

int command_convert(const struct command_call *call) {
    struct buffer text = BUFFER_INIT, config = BUFFER_INIT, notes = BUFFER_INIT;
    struct error error;
    if (call->n_operands != 1) return command_usage(call);
    const char *path = call->operands[0];
    int code = file_read(path, &text);
    if (code == EXIT_DONE && vermont_convert(text.data ? text.data : "", text.len, &config, &notes, &error) != 0)
        code = command_fail(EXIT_FAILED, "%s: %s", path, error.text);
    if (code == EXIT_DONE)
        printf("# Converted from %s by flowimport convert.\n%s", path, config.data ? config.data : "");
    if (notes.len) fwrite(notes.data, 1, notes.len, stderr);
    buffer_release(&text);
    buffer_release(&config);
    buffer_release(&notes);
    return code;
}
