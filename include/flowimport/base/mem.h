/* Memory that is there or ends the program: one wrapper, so that no caller has an untested out-of-memory path. */
#ifndef FLOWIMPORT_BASE_MEM_H
#define FLOWIMPORT_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* Each returns memory the caller frees with free(); on failure logs and calls abort(). */
void *mem_alloc(size_t size) __attribute__((malloc, warn_unused_result, returns_nonnull));
void *mem_zalloc(size_t count, size_t size) __attribute__((malloc, warn_unused_result, returns_nonnull));
void *mem_realloc(void *old, size_t count, size_t size) __attribute__((warn_unused_result, returns_nonnull));
/* A list with room for one more element of `width` bytes behind its first n; *size is how many it has room for. */
void *mem_grow(void *list, uint32_t n, uint32_t *size, size_t width)
    __attribute__((warn_unused_result, returns_nonnull));
char *mem_strdup(const char *text) __attribute__((malloc, warn_unused_result, returns_nonnull));
char *mem_strndup(const char *text, size_t len) __attribute__((malloc, warn_unused_result, returns_nonnull));
/* A formatted string, to be freed by the caller. */
char *mem_printf(const char *format, ...)
    __attribute__((format(printf, 1, 2), malloc, warn_unused_result, returns_nonnull));

#endif
