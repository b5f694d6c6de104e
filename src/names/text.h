/* What a name may be made of. */
#ifndef FLOWIMPORT_NAMES_TEXT_H
#define FLOWIMPORT_NAMES_TEXT_H

#include "names/book.h"

/* The character at `at`, and how many bytes it has; 0: that is no UTF-8. */
unsigned text_char(const uint8_t *at, size_t left, uint32_t *code);
/* What shows nothing, or moves what is around it: controls, line separators, marks of direction, the byte order mark. A
 * name could pass for another with them. */
bool text_is_hidden(uint32_t code);
/* A device's text as a name: up to its first NUL, without hidden characters and blanks at its ends, what is no UTF-8 as
 * U+FFFD, cut behind the last character that fits. Returns its length, which may be 0. */
size_t text_clean(const uint8_t *bytes, size_t len, char out[NAMES_TEXT_MAX + 1]);

#endif
