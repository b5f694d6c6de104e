/* Different texts, each once, as small numbers. */
#ifndef FLOWIMPORT_NAMES_TEXTS_H
#define FLOWIMPORT_NAMES_TEXTS_H

#include <stddef.h>
#include <stdint.h>

struct texts {
    char *bytes; /* NUL-terminated, one after the other */
    size_t n_bytes, bytes_size;
    size_t *at; /* where each begins; of number 0, the empty text, too */
    uint32_t n, n_size;
    uint32_t *slots; /* by hash: numbers; 0: free. A power of two, at most half full */
    uint32_t n_slots;
};

void texts_init(struct texts *texts);
/* A copy of its own. */
void texts_copy(struct texts *texts, const struct texts *from);
void texts_release(struct texts *texts);
/* Its number, the next one where it is new; 0 is the empty text. */
uint32_t texts_add(struct texts *texts, const char *text, size_t len);
/* Its number; 0: it is not among them, or empty. */
uint32_t texts_find(const struct texts *texts, const char *text, size_t len);
const char *texts_get(const struct texts *texts, uint32_t number);

#endif
