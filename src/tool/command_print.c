/* flowimport print: files as queue entries, a line each, or for people. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tool/commands.h"
#include "tool/entries_open.h"
#include "tool/pretty.h"

struct print {
    struct entries *entries;
    struct pretty *pretty; /* NULL: entries as they are */
    struct buffer lines;
};

static int output_failed(void) { return command_fail(EXIT_FAILED, "standard output: %s", strerror(errno)); }

/* As it is in the source, or was made of it. */
static int entry_print(void *context, int64_t position, const char *text, size_t len) {
    (void)context, (void)position;
    return fwrite(text, 1, len, stdout) == len && putchar('\n') != EOF ? EXIT_DONE : output_failed();
}

static int pretty_print(void *context, int64_t position, const char *text, size_t len) {
    struct print *print = context;
    struct reject reject;
    (void)position;
    buffer_clear(&print->lines);
    if (pretty_write(print->pretty, text, len, &print->lines, &reject) == 0)
        return fwrite(print->lines.data, 1, print->lines.len, stdout) == print->lines.len ? EXIT_DONE : output_failed();
    char *why = mem_printf("rejected: %s %s %s", reject_texts[reject.reason].token, reject.field, reject.value);
    int code = entries_reject(print->entries, why);
    free(why);
    return code;
}

static int file_print(const struct command_call *call, const char *path, struct print *print) {
    const struct entries_handler handler = {print, print->pretty ? pretty_print : entry_print, NULL};
    print->entries = entries_open(call, path, false);
    return entries_close(print->entries, print->entries ? entries_read(print->entries, 0, &handler) : EXIT_FAILED);
}

int command_print(const struct command_call *call) {
    struct print print = {.pretty = NULL};
    int worst = EXIT_DONE;
    if (call->n_operands == 0) return command_usage(call);
    setvbuf(stdout, NULL, _IOFBF, 1 << 18);
    if (call->options->pretty) print.pretty = pretty_new();
    for (int i = 0; i < call->n_operands; i++) {
        int code = file_print(call, call->operands[i], &print);
        if (code == EXIT_FAILED || worst == EXIT_DONE) worst = code;
    }
    if (fflush(stdout) != 0 && worst != EXIT_FAILED) worst = output_failed();
    pretty_free(print.pretty);
    buffer_release(&print.lines);
    return worst;
}
