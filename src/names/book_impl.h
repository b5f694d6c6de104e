/* The inside of a book: addresses as ranges, each with a record of what is known of it. */
#ifndef FLOWIMPORT_NAMES_BOOK_IMPL_H
#define FLOWIMPORT_NAMES_BOOK_IMPL_H

#include <stdatomic.h>

#include "names/book.h"
#include "names/texts.h"

/* An address as a number; IPv4 in the last 32 bits. */
typedef unsigned __int128 address_number;

enum { RANGES_HEADS = 65536 };
enum { SUBJECTS_MAX = NAME_TAGS + NAMES_TAGS_MAX };

struct ranges {
    uint32_t n;
    uint32_t *first4;       /* where each begins, of IPv4 */
    uint32_t *by_head;      /* of IPv4: the range that the first address with these 16 bits is in; RANGES_HEADS */
    address_number *first6; /* of IPv6 */
    uint32_t *record;       /* number of each; 0: nothing is known */
};

struct book_place { /* where something stands */
    uint32_t file, line;
};

struct book_exporter {
    struct book_place place; /* first, in both */
    uint8_t family, address[16];
    uint32_t name;
};

struct book_interface {
    struct book_place place;
    uint8_t source;              /* of the line; several of one interface are put together */
    struct name_interface known; /* what is handed out */
};

struct book_thing {
    struct book_place place;
    struct name_thing known;
};

struct name_book {
    atomic_uint users;
    struct texts texts;
    unsigned n_subjects;
    const char *subjects[SUBJECTS_MAX]; /* owned from NAME_TAGS on */
    struct ranges ranges[FLOW_FAMILIES];
    uint32_t n_records, *records; /* n_subjects values each */
    bool has_local;
    unsigned n_prefixes, n_exporters, n_interfaces, n_things;
    struct book_exporter *exporters;   /* sorted */
    struct book_interface *interfaces; /* sorted */
    struct book_thing *things;         /* sorted */
    struct name_book *base;            /* held; whose is all but texts, interfaces and things; NULL: its own */
};

/* By their addresses and numbers, not by where they stand; interfaces and things also by their sources. */
int book_exporter_compare(const void *a, const void *b);
int book_interface_order(const void *a, const void *b);
int book_thing_order(const void *a, const void *b);
/* Sorted ones of which several may be of the same thing, each by another source: one of each. */
void book_settle(struct name_book *book);

#endif
