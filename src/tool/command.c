/* How commands say what is wrong. */
#include "tool/command.h"

#include <stdarg.h>
#include <stdio.h>

int command_fail(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("flowimport: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return code;
}

int command_usage(const struct command_call *call) {
    fputs(call->usage, stderr);
    return EXIT_USAGE;
}
