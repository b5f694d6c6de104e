/* What devices say of themselves: names and descriptions of interfaces, applications and VRFs in options data, names,
 * speeds and counters of interfaces in sFlow's counter samples. It is kept in a file between restarts, which is also
 * where it is read by those who show names (name_book_learn() in names/book.h): its lines have the grammar of files of
 * names, with the word "source".
 *
 * Memory: entries of LEARNED_ENTRY_BYTES and their texts, of at most NAMES_TEXT_MAX bytes each, are together at most
 * `limit`, of one exporter an eighth of it. Beyond that what the exporter has not repeated for longest gives way;
 * beyond the whole, what the exporter has not repeated for longest that was silent for longest. Used by one thread. */
#ifndef FLOWIMPORT_NAMES_LEARNED_H
#define FLOWIMPORT_NAMES_LEARNED_H

#include "base/buffer.h"
#include "names/book.h"

enum { LEARNED_ENTRY_BYTES = 256, LEARNED_HOUR = 3600 };

struct learned; /* opaque */

struct learned *learned_new(size_t limit, uint64_t seed);
void learned_free(struct learned *learned); /* NULL does nothing */
size_t learned_bytes(const struct learned *learned);

struct learned_about {
    uint8_t family; /* enum flow_family, of the exporter */
    uint8_t exporter[16];
    uint8_t kind;              /* enum name_kind */
    uint8_t source;            /* enum name_source */
    char id[NAMES_ID_MAX + 1]; /* as name_id_number() writes a number */
};
/* What is said: any bytes. NULL and 0: nothing, and what was said before stays. */
struct learned_say {
    const uint8_t *name, *description;
    size_t name_len, description_len;
    uint64_t speed; /* bits a second */
    bool has_counters;
    uint64_t in, out; /* octets since some moment: one that goes back begins anew */
};
void learned_note(struct learned *learned, const struct learned_about *about, const struct learned_say *say,
                  uint32_t second);

/* Changes when the text would be another. */
uint64_t learned_version(const struct learned *learned);
/* The text of the file. */
void learned_write(const struct learned *learned, struct buffer *out);
/* Takes what such a text says; lines that can't be read are left out. Returns how many. */
unsigned learned_read(struct learned *learned, const char *text, size_t len, uint32_t second);

#endif
