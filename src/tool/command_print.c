/* flowimport print: files as queue entries, a line each, or for people; or what an import would reject of them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tool/checker.h"
#include "tool/commands.h"
#include "tool/entries_open.h"
#include "tool/pretty.h"

struct print {
    struct entries *entries;
    struct pretty *pretty; /* NULL: entries as they are */
    struct buffer lines;
    struct checker checker;
    uint64_t reasons[REJECT_REASONS]; /* for which entries were rejected by the check */
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

/* --- what an import would do --- */

static int entry_check(void *context, int64_t position, const char *text, size_t len) {
    struct print *print = context;
    struct reject reject;
    (void)position;
    if (checker_take(&print->checker, text, len, &reject) == 0) return EXIT_DONE;
    const struct reject_text *known = &reject_texts[reject.reason];
    char *why = mem_printf("%s%s%s%s%s: %s", known->token, reject.field[0] ? " " : "", reject.field,
                           reject.value[0] ? " " : "", reject.value, known->sentence);
    int code = entries_reject(print->entries, why);
    print->reasons[reject.reason]++;
    free(why);
    return code;
}

static int record_refused(void *context, int64_t position, enum reject_reason reason) {
    struct print *print = context;
    (void)position;
    print->reasons[reason]++;
    return EXIT_DONE;
}

static void check_print(const struct print *print) {
    const char *separator = ": ";
    printf("%s: %" PRIu64 " entries (%" PRIu64 " flows) can be imported, %" PRIu64 " are too old, %" PRIu64
           " would be rejected",
           print->entries->name, print->checker.entries, print->checker.flows, print->checker.too_old,
           print->entries->refused);
    for (unsigned reason = 0; reason < REJECT_REASONS; reason++) {
        if (print->reasons[reason] == 0) continue;
        printf("%s%" PRIu64 " %s", separator, print->reasons[reason], reject_texts[reason].token);
        separator = ", ";
    }
    putchar('\n');
}

static int file_check(const struct command_call *call, const char *path, struct print *print) {
    const struct entries_handler handler = {print, entry_check, record_refused};
    print->entries = entries_open(call, path, false);
    if (!print->entries) return EXIT_FAILED;
    print->entries->report = stdout;
    memset(print->reasons, 0, sizeof print->reasons);
    checker_init(&print->checker, &call->config->layout, &call->pipeline->importer.rules,
                 clock_now_us(&clock_system) / 1000000);
    int code = entries_read(print->entries, 0, &handler);
    check_print(print);
    checker_release(&print->checker);
    return entries_close(print->entries, code);
}

/* --- files --- */

static int file_print(const struct command_call *call, const char *path, struct print *print) {
    const struct entries_handler handler = {print, print->pretty ? pretty_print : entry_print, NULL};
    print->entries = entries_open(call, path, false);
    return entries_close(print->entries, print->entries ? entries_read(print->entries, 0, &handler) : EXIT_FAILED);
}

int command_print(const struct command_call *call) {
    struct print print = {.pretty = NULL};
    int worst = EXIT_DONE;
    if (call->n_operands == 0) return command_usage(call);
    if (call->options->pretty && call->options->check)
        return command_fail(EXIT_USAGE, "print: accepts either --pretty or --check");
    setvbuf(stdout, NULL, _IOFBF, 1 << 18);
    if (call->options->pretty) print.pretty = pretty_new();
    for (int i = 0; i < call->n_operands; i++) {
        int code = (call->options->check ? file_check : file_print)(call, call->operands[i], &print);
        if (code == EXIT_FAILED || worst == EXIT_DONE) worst = code;
    }
    if (fflush(stdout) != 0 && worst != EXIT_FAILED) worst = output_failed();
    pretty_free(print.pretty);
    buffer_release(&print.lines);
    return worst;
}
