/* Files of names: whatever a file says, it is refused with its line, or every address has what the ranges say of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "names/book.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RANGES_MAX = 512 };

/* The ranges begin at 0, go up, and say at both of their ends what a search says. */
static void ranges_check(const struct name_book *book, unsigned subject, unsigned family) {
    static struct name_range ranges[RANGES_MAX];
    unsigned n = name_book_ranges(book, subject, NULL, 0, family, ranges, RANGES_MAX),
             width = family == FLOW_IPV4 ? 4 : 16;
    if (n == 0) abort();
    if (n > RANGES_MAX) n = RANGES_MAX;
    for (unsigned i = 0; i < width; i++)
        if (ranges[0].first[i]) abort();
    for (unsigned i = 0; i < n; i++) {
        uint8_t before[16];
        memcpy(before, ranges[i].first, sizeof before);
        if (name_book_find(book, subject, family, ranges[i].first) != ranges[i].value) abort();
        if (i == 0) continue;
        if (memcmp(ranges[i - 1].first, ranges[i].first, width) >= 0) abort();
        if (ranges[i - 1].value == ranges[i].value) abort();
        unsigned at = width - 1; /* the address before it */
        while (before[at]-- == 0)
            at--;
        if (name_book_find(book, subject, family, before) != ranges[i - 1].value) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error error;
    /* The first line is that of own networks. */
    const char *text = (const char *)data, *end = size ? memchr(text, '\n', size) : NULL;
    char local[128] = "";
    size_t len = end ? (size_t)(end - text) : 0;
    if (len < sizeof local) memcpy(local, text, len);
    struct name_book *book = name_book_parse(end ? end + 1 : text, end ? size - len - 1 : size, "f", local, &error);
    if (!book && !error.text[0]) abort();
    for (unsigned subject = 0; book && subject < name_book_subjects(book); subject++)
        for (unsigned family = 0; family < FLOW_FAMILIES; family++)
            ranges_check(book, subject, family);
    name_book_drop(book);
    return 0;
}
