/* Which of the places of a queue no generation has: as far back as the ring of hashes reaches. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/places.h"

enum { WINDOW = 1 << 18 };

static int number_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    if (columns[0]) *(int64_t *)context = strtoll(columns[0], NULL, 10);
    return 0;
}

enum store_status store_places_first(struct store *store, const char *queue_id, int64_t taken, int64_t *first,
                                     struct error *error) {
    int64_t ring = 0, last = taken;
    enum store_status status =
        store_query(store, "SELECT ring FROM import_queues WHERE queue = ''", NULL, 0, number_read, &ring, error);
    *first = 0;
    if (status != STORE_OK || ring <= PLACES_ROWS) return status;
    const struct store_param params[] = {store_text(queue_id), store_integer(ring - PLACES_ROWS / 2)};
    status = store_query(store, "SELECT MAX(place) FROM import_places WHERE queue = ? AND ring < ?", params, 2,
                         number_read, &last, error);
    *first = last + PLACES_ROW_SPAN < taken ? last + PLACES_ROW_SPAN : taken;
    return status;
}

struct window {
    int64_t from, to;
    bool *has;
};

static void run_note(void *context, int64_t first, size_t n, const uint8_t *hashes) {
    const struct window *window = context;
    int64_t from = first > window->from ? first : window->from, end = first + (int64_t)n;
    int64_t to = end < window->to ? end : window->to;
    (void)hashes;
    if (from < to) memset(window->has + (from - window->from), true, (size_t)(to - from));
}

static enum store_status missing_count(struct store *store, const char *queue_id, int64_t from, int64_t to,
                                       uint64_t *missing, struct error *error) {
    int64_t end, ring;
    struct window window = {.has = mem_alloc(WINDOW)};
    enum store_status status = STORE_OK;
    *missing = 0;
    for (window.from = from; status == STORE_OK && window.from < to; window.from = window.to) {
        window.to = to - window.from > WINDOW ? window.from + WINDOW : to;
        memset(window.has, false, WINDOW);
        status = store_places_read(store, queue_id, window.from, window.to, &end, &ring, run_note, &window, error);
        for (int64_t place = window.from; place < window.to; place++)
            *missing += !window.has[place - window.from];
    }
    free(window.has);
    return status;
}

/* Where the store's own part begins: what was taken before it was this queue's store, another has. */
static enum store_status own_first(struct store *store, const char *queue_id, int64_t taken, int64_t *first,
                                   struct error *error) {
    int64_t lowest = taken;
    const struct store_param queue = store_text(queue_id);
    enum store_status status = store_places_first(store, queue_id, taken, first, error);
    if (status != STORE_OK) return status;
    status = store_query(store, "SELECT MIN(place) FROM import_places WHERE queue = ?", &queue, 1, number_read, &lowest,
                         error);
    if (*first < lowest) *first = lowest;
    return status;
}

/* Where the ring begins takes a scan to find: only if that matters. */
enum store_status store_places_missing(struct store *store, const char *queue_id, int64_t from, int64_t to,
                                       uint64_t *missing, struct error *error) {
    int64_t first;
    enum store_status status = missing_count(store, queue_id, from, to, missing, error);
    if (status != STORE_OK || *missing == 0) return status;
    status = own_first(store, queue_id, to, &first, error);
    if (status != STORE_OK || first <= from) return status;
    return missing_count(store, queue_id, first, to, missing, error);
}
