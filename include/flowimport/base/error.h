/* What went wrong, in words for the person who can fix it. Filled by the callee, owned by the caller, never freed. */
#ifndef FLOWIMPORT_BASE_ERROR_H
#define FLOWIMPORT_BASE_ERROR_H

enum { ERROR_TEXT_MAX = 1024 };

struct error {
    char text[ERROR_TEXT_MAX]; /* one line, no newline at its end; cut when longer */
};

/* Sets the text. Returns -1, so that `return error_set(error, ...)` reads well. error may be NULL. */
int error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
