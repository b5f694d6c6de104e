/* flowimport print: files as queue entries, a line each. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "input/lines.h"
#include "prog/captures.h"

static int entry_print(void *context, const char *text, size_t len) {
    (void)context;
    if (fwrite(text, 1, len, stdout) == len && putchar('\n') != EOF) return EXIT_DONE;
    return command_fail(EXIT_FAILED, "standard output: %s", strerror(errno));
}

/* As they are, but for empty ones and ends of lines. */
static int lines_print(struct contents *contents) {
    struct lines *lines = lines_new(contents);
    struct error error;
    const char *text;
    size_t len;
    int more, code = EXIT_DONE;
    while ((more = lines_next(lines, &text, &len, &error)) > 0 && code == EXIT_DONE)
        if (len > 0) code = entry_print(NULL, text, len);
    lines_close(lines);
    return more < 0 ? command_fail(EXIT_FAILED, "%s", error.text) : code;
}

static int file_print(const struct command_call *call, const char *path) {
    struct error error;
    struct contents *contents = contents_open(path, false, &error);
    if (!contents) return command_fail(EXIT_FAILED, "%s", error.text);
    int format = captures_format(call, contents), code = EXIT_FAILED;
    if (format == FORMAT_JSON) code = lines_print(contents);
    if (format == FORMAT_PCAP) code = captures_entries(call, contents, 0, entry_print, NULL);
    contents_close(contents);
    return code;
}

int command_print(const struct command_call *call) {
    int worst = EXIT_DONE;
    if (call->n_operands == 0) return command_usage("print [--format auto|json|pcap] FILE...");
    setvbuf(stdout, NULL, _IOFBF, 1 << 18);
    for (int i = 0; i < call->n_operands; i++) {
        int code = file_print(call, call->operands[i]);
        if (worst == EXIT_DONE) worst = code;
    }
    if (fflush(stdout) != 0 && worst == EXIT_DONE)
        worst = command_fail(EXIT_FAILED, "standard output: %s", strerror(errno));
    return worst;
}
