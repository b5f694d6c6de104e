/* The names that questions are answered with: those of files, and over them what devices say of themselves, whose file
 * (names/learned.h) is looked at every BOOK_LOOK_S. On the event loop. */
#ifndef FLOWIMPORT_HTTP_BOOK_H
#define FLOWIMPORT_HTTP_BOOK_H

#include <event2/event.h>

#include "base/show.h"
#include "names/book.h"

enum { BOOK_LOOK_S = 5 };

struct book; /* opaque */

/* Keeps the book in `*place`, held: calls take it from there. `path`: the file of what devices say; NULL: none. */
struct book *book_new(struct event_base *base, struct name_book *files, const char *path, struct name_book **place);
/* Other names of files. NULL: those that there are stay. */
void book_files(struct book *book, struct name_book *files);
void book_free(struct book *book); /* NULL does nothing */
void book_show(const struct book *book, struct show *show);

#endif
