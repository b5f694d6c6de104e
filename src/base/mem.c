/* Allocation that succeeds or ends the program. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* Returns `memory`, so that each wrapper is one line. */
static void *mem_check(void *memory, size_t size) {
    if (memory) return memory;
    log_error("memory", "out of memory: can't allocate %zu bytes", size);
    abort();
}

void *mem_alloc(size_t size) { return mem_check(malloc(size ? size : 1), size); }

void *mem_zalloc(size_t count, size_t size) { return mem_check(calloc(count ? count : 1, size ? size : 1), size); }

void *mem_realloc(void *old, size_t count, size_t size) {
    return mem_check(reallocarray(old, count ? count : 1, size ? size : 1), size);
}

void *mem_grow(void *list, uint32_t n, uint32_t *size, size_t width) {
    if (n < *size) return list;
    *size = *size ? 2 * *size : 16;
    return mem_realloc(list, *size, width);
}

char *mem_strdup(const char *text) { return mem_strndup(text, strlen(text)); }

char *mem_strndup(const char *text, size_t len) {
    size_t n = strnlen(text, len);
    char *copy = mem_alloc(n + 1);
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *mem_printf(const char *format, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    return mem_check(len < 0 ? NULL : text, strlen(format));
}
