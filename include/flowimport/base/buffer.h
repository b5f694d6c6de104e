/* A growing run of bytes: text under construction, rows under way. Always NUL-terminated behind its length. */
#ifndef FLOWIMPORT_BASE_BUFFER_H
#define FLOWIMPORT_BASE_BUFFER_H

#include <stddef.h>

struct buffer {
    char *data; /* NULL while empty */
    size_t len;
    size_t size; /* allocated */
};

#define BUFFER_INIT {NULL, 0, 0}

void buffer_reserve(struct buffer *buffer, size_t more); /* room for `more` bytes and the NUL */
void buffer_add(struct buffer *buffer, const void *bytes, size_t len);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_clear(struct buffer *buffer); /* empties it, keeps the memory */
void buffer_release(struct buffer *buffer);

#endif
