/* The tables of places: a ring of rows that are written over, so that no privilege to delete is needed. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "store/places.h"
#include "store/store_ops.h"

/* A row of import_queues. */
struct queue_row {
    int64_t place; /* behind the highest */
    int64_t ring;  /* of the empty name: rows ever written */
};

static int queue_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct queue_row *row = context;
    (void)n, (void)lengths;
    if (columns[0]) row->place = strtoll(columns[0], NULL, 10);
    if (columns[1]) row->ring = strtoll(columns[1], NULL, 10);
    return 0;
}

static enum store_status queue_find(struct store *store, const char *queue_id, bool lock, struct queue_row *row,
                                    struct error *error) {
    const struct store_param name = store_text(queue_id);
    bool for_update = lock && store->ops->dialect == DIALECT_MYSQL;
    *row = (struct queue_row){.place = 0};
    return store->ops->query(store,
                             for_update ? "SELECT place, ring FROM import_queues WHERE queue = ? FOR UPDATE"
                                        : "SELECT place, ring FROM import_queues WHERE queue = ?",
                             &name, 1, queue_read, row, error);
}

/* From here to the end of the transaction nobody else writes places. */
static enum store_status queue_lock(struct store *store, const char *queue_id, struct queue_row *row,
                                    struct error *error) {
    static const char *const insert[] = {
        [DIALECT_MYSQL] = "INSERT INTO import_queues (queue, place, ring) VALUES (?, 0, 0) "
                          "ON DUPLICATE KEY UPDATE place = place",
        [DIALECT_SQLITE] = "INSERT INTO import_queues (queue, place, ring) VALUES (?, 0, 0) "
                           "ON CONFLICT (queue) DO NOTHING",
    };
    const struct store_param name = store_text(queue_id);
    enum store_status status = store->ops->query(store, insert[store->ops->dialect], &name, 1, NULL, NULL, error);
    return status == STORE_OK ? queue_find(store, queue_id, true, row, error) : status;
}

/* --- rows --- */

struct reading {
    places_run_fn *run;
    void *context;
    bool damaged;
};

static int row_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct reading *reading = context;
    (void)n;
    if (!columns[0] || !columns[1]) return 0;
    if (!places_unpack(strtoll(columns[0], NULL, 10), (const uint8_t *)columns[1], lengths[1], reading->run,
                       reading->context))
        reading->damaged = true;
    return 0;
}

/* Of the rows from number `since` on, which are a range of the ring, or two. */
static enum store_status rows_read(struct store *store, const char *queue_id, int64_t from, int64_t to, int64_t since,
                                   int64_t ring, places_run_fn *run, void *context, struct error *error) {
    bool all = ring - since >= PLACES_ROWS;
    int64_t first = all ? 0 : since % PLACES_ROWS, last = all ? PLACES_ROWS : ring % PLACES_ROWS;
    const struct store_param params[] = {store_integer(first), store_integer(last), store_text(queue_id),
                                         store_integer(from - PLACES_ROW_SPAN), store_integer(to)};
    struct reading reading = {.run = run, .context = context};
    static const char *const sql[] = {"SELECT place, entries FROM import_places WHERE slot >= ? AND slot < ? AND "
                                      "queue = ? AND place > ? AND place < ?",
                                      "SELECT place, entries FROM import_places WHERE (slot >= ? OR slot < ?) AND "
                                      "queue = ? AND place > ? AND place < ?"};
    if (since >= ring) return STORE_OK;
    enum store_status status = store->ops->query(store, sql[first >= last], params, 5, row_read, &reading, error);
    if (status == STORE_OK && reading.damaged) {
        error_set(error, "import_places: a row of queue %s is damaged", queue_id);
        status = STORE_REFUSED;
    }
    return status;
}

static enum store_status row_write(struct store *store, const char *queue_id, int64_t ring, int64_t place,
                                   const struct buffer *row, struct error *error) {
    static const char *const upsert[] = {
        [DIALECT_MYSQL] = "INSERT INTO import_places (slot, ring, queue, place, entries) VALUES (?, ?, ?, ?, ?) "
                          "ON DUPLICATE KEY UPDATE ring = VALUES(ring), queue = VALUES(queue), "
                          "place = VALUES(place), entries = VALUES(entries)",
        [DIALECT_SQLITE] = "INSERT INTO import_places (slot, ring, queue, place, entries) VALUES (?, ?, ?, ?, ?) "
                           "ON CONFLICT (slot) DO UPDATE SET ring = excluded.ring, queue = excluded.queue, "
                           "place = excluded.place, entries = excluded.entries",
    };
    const struct store_param params[] = {store_integer(ring % PLACES_ROWS),
                                         store_integer(ring),
                                         store_text(queue_id),
                                         store_integer(place),
                                         {.type = STORE_PARAM_BYTES, .bytes = row->data, .len = row->len}};
    return store->ops->query(store, upsert[store->ops->dialect], params, 5, NULL, NULL, error);
}

/* --- a generation's --- */

struct overlap {
    const struct places *places;
    int64_t place; /* of an entry that is in both; -1: none */
};

static void run_compare(void *context, int64_t first, size_t n, const uint8_t *hashes) {
    struct overlap *overlap = context;
    if (!places_touch(overlap->places, first, n)) return;
    for (size_t i = 0; i < n && overlap->place < 0; i++)
        if (places_has(overlap->places, first + (int64_t)i, le32(hashes + 4 * i))) overlap->place = first + (int64_t)i;
}

static int64_t places_end(const struct places *places) {
    const struct place_run *last = &places->runs[places->n_runs - 1];
    return last->first + (int64_t)last->n;
}

static enum store_status overlap_look(struct store *store, const struct places *places, int64_t ring,
                                      struct error *error) {
    struct overlap overlap = {places, -1};
    enum store_status status = rows_read(store, places->queue_id, places->runs[0].first, places_end(places),
                                         places->ring, ring, run_compare, &overlap, error);
    if (status != STORE_OK || overlap.place < 0) return status;
    error_set(error, "import_places: entry %" PRId64 " of queue %s has been committed meanwhile", overlap.place,
              places->queue_id);
    return STORE_OVERLAPS;
}

static enum store_status ring_advance(struct store *store, const struct places *places, struct error *error) {
    const struct store_param ring = store_integer(places->now_ring);
    const struct store_param place[] = {store_integer(places->now_end), store_text(places->queue_id)};
    enum store_status status =
        store->ops->query(store, "UPDATE import_queues SET ring = ? WHERE queue = ''", &ring, 1, NULL, NULL, error);
    if (status != STORE_OK) return status;
    return store->ops->query(store, "UPDATE import_queues SET place = ? WHERE queue = ?", place, 2, NULL, NULL, error);
}

static enum store_status places_write(struct store *store, struct places *places, struct error *error) {
    struct queue_row ring, queue;
    struct buffer row = BUFFER_INIT;
    enum store_status status = store->ops->send ? store->ops->send(store, error) : STORE_OK;
    if (status == STORE_OK) status = queue_lock(store, "", &ring, error);
    if (status == STORE_OK) status = queue_lock(store, places->queue_id, &queue, error);
    if (status != STORE_OK) return status;
    size_t most = store->ops->value_most ? store->ops->value_most(store) : SIZE_MAX;
    places_sort(places);
    status = overlap_look(store, places, ring.ring, error);
    for (size_t at = 0, within = 0; at < places->n_runs && status == STORE_OK;) {
        buffer_clear(&row);
        int64_t place = places_pack(places, &at, &within, most, &row);
        status = row_write(store, places->queue_id, ring.ring++, place, &row, error);
    }
    places->now_ring = ring.ring;
    places->now_end = queue.place > places_end(places) ? queue.place : places_end(places);
    if (status == STORE_OK) status = ring_advance(store, places, error);
    buffer_release(&row);
    return status;
}

void store_put_places(struct store *store, struct places *places) {
    if (store->status != STORE_OK || !store->begun || places->n == 0) return;
    store->status = places_write(store, places, &store->error);
}

/* --- asked for --- */

enum store_status store_places_read(struct store *store, const char *queue_id, int64_t from, int64_t to, int64_t *end,
                                    int64_t *ring, places_run_fn *run, void *context, struct error *error) {
    struct queue_row all, queue;
    enum store_status status = queue_find(store, "", false, &all, error);
    if (status == STORE_OK) status = queue_find(store, queue_id, false, &queue, error);
    if (status != STORE_OK) return status;
    *ring = all.ring;
    *end = queue.place;
    return from < *end ? rows_read(store, queue_id, from, to, 0, all.ring, run, context, error) : STORE_OK;
}
