/* The names in force. */
#include "http/book.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"

struct book {
    struct name_book *files, **place;
    const char *path;
    struct stat seen; /* of the file, all 0 while there is none */
    struct event *look;
    unsigned ignored; /* lines */
};

static void learn(struct book *book) {
    struct name_book *before = *book->place;
    *book->place = book->path ? name_book_learn(book->files, book->path, &book->ignored) : name_book_hold(book->files);
    name_book_drop(before);
    if (book->ignored > 0) log_warning("names", "%s: %u lines ignored", book->path, book->ignored);
}

/* Whether it is another file, or another text, than was seen last. */
static bool has_changed(struct book *book) {
    struct stat now;
    if (stat(book->path, &now) != 0) memset(&now, 0, sizeof now);
    bool is_same = now.st_ino == book->seen.st_ino && now.st_size == book->seen.st_size &&
                   memcmp(&now.st_mtim, &book->seen.st_mtim, sizeof now.st_mtim) == 0;
    book->seen = now;
    return !is_same;
}

static void on_look(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what;
    struct book *book = context;
    if (has_changed(book)) learn(book);
}

static void counts_log(const struct name_book *files) {
    struct name_counts counts = name_book_counts(files);
    if (counts.prefixes + counts.exporters + counts.interfaces == 0) return;
    log_notice("names", "%u networks and hosts, %u exporters, %u interfaces", counts.prefixes, counts.exporters,
               counts.interfaces);
}

struct book *book_new(struct event_base *base, struct name_book *files, const char *path, struct name_book **place) {
    static const struct timeval every = {.tv_sec = BOOK_LOOK_S};
    struct book *book = mem_zalloc(1, sizeof *book);
    book->place = place;
    if (files) {
        book->path = path;
        book->files = name_book_hold(files);
        if (path) (void)has_changed(book);
        counts_log(files);
        learn(book);
    }
    if (!book->path) return book;
    book->look = event_new(base, -1, EV_PERSIST, on_look, book);
    event_add(book->look, &every);
    return book;
}

void book_files(struct book *book, struct name_book *files) {
    struct name_book *before = book->files;
    if (!files) return;
    counts_log(files);
    book->files = name_book_hold(files);
    name_book_drop(before);
    learn(book);
}

void book_free(struct book *book) {
    if (!book) return;
    if (book->look) event_free(book->look);
    name_book_drop(*book->place);
    *book->place = NULL;
    name_book_drop(book->files);
    free(book);
}

void book_show(const struct book *book, struct show *show) {
    struct name_counts counts = name_book_counts(*book->place);
    show_gauge(show, "networks", "Networks and hosts with a name or a tag.", counts.prefixes);
    show_family(show, SHOW_GAUGE, "interfaces", "source", "Interfaces with a name, by who says it.");
    for (unsigned source = 0; source < NAME_SOURCES; source++)
        show_member(show, name_source_names[source], counts.learned[source]);
    show_gauge(show, "applications", "Applications of exporters with a name.", counts.applications);
    show_gauge(show, "vrfs", "VRFs of exporters with a name.", counts.vrfs);
}
