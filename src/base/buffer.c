/* A run of bytes that grows by doubling. */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUFFER_FIRST_SIZE = 64 };

void buffer_reserve(struct buffer *buffer, size_t more) {
    /* A length that overflows can't be allocated: let the allocator say so. */
    size_t need = more > SIZE_MAX - buffer->len - 1 ? SIZE_MAX : buffer->len + more + 1;
    if (need <= buffer->size) return;
    size_t size = buffer->size ? buffer->size : BUFFER_FIRST_SIZE;
    while (size < need)
        size = size > SIZE_MAX / 2 ? need : size * 2;
    buffer->data = mem_realloc(buffer->data, size, 1);
    buffer->data[buffer->len] = '\0';
    buffer->size = size;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t len) {
    buffer_reserve(buffer, len);
    if (len) memcpy(buffer->data + buffer->len, bytes, len);
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
}

void buffer_add_text(struct buffer *buffer, const char *text) { buffer_add(buffer, text, strlen(text)); }

void buffer_printf(struct buffer *buffer, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len > 0) {
        buffer_reserve(buffer, (size_t)len);
        vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

void buffer_clear(struct buffer *buffer) {
    buffer->len = 0;
    if (buffer->data) buffer->data[0] = '\0';
}

void buffer_release(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer)BUFFER_INIT;
}
