/* Runs of places: collected, packed into rows, found. */
#include "store/places.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/mem.h"

enum { RUN_HEAD = 8, HASH = 4 };

bool places_take(const struct places *places, const char *queue_id) {
    return places->n == 0 || strcmp(places->queue_id, queue_id) == 0;
}

void places_add(struct places *places, const char *queue_id, int64_t place, uint32_t hash, int64_t ring) {
    struct place_run *last = places->n_runs > 0 ? &places->runs[places->n_runs - 1] : NULL;
    if (places->n == places->room) {
        places->room = places->room ? places->room * 2 : 1024;
        places->hashes = mem_realloc(places->hashes, places->room, sizeof places->hashes[0]);
    }
    if (!last || place != last->first + (int64_t)last->n) {
        if (places->n_runs == places->runs_room) {
            places->runs_room = places->runs_room ? places->runs_room * 2 : 16;
            places->runs = mem_realloc(places->runs, places->runs_room, sizeof places->runs[0]);
        }
        if (places->n == 0) {
            memcpy(places->queue_id, queue_id, sizeof places->queue_id);
            places->ring = ring;
        }
        last = &places->runs[places->n_runs++];
        *last = (struct place_run){.first = place, .at = places->n};
    }
    if (ring < places->ring) places->ring = ring;
    last->n++;
    places->hashes[places->n++] = hash;
}

void places_clear(struct places *places) {
    places->n = places->n_runs = 0;
    places->ring = 0;
}

void places_release(struct places *places) {
    free(places->runs);
    free(places->hashes);
    *places = (struct places){.n = 0};
}

static int run_compare(const void *a, const void *b) {
    const struct place_run *left = a, *right = b;
    return (left->first > right->first) - (left->first < right->first);
}

void places_sort(struct places *places) {
    if (places->n_runs > 0) qsort(places->runs, places->n_runs, sizeof places->runs[0], run_compare);
}

/* The last run that begins at or before the place; NULL: none. */
static const struct place_run *run_before(const struct places *places, int64_t place) {
    size_t low = 0, high = places->n_runs;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (places->runs[middle].first <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &places->runs[low - 1] : NULL;
}

bool places_touch(const struct places *places, int64_t first, size_t n) {
    const struct place_run *run = run_before(places, first + (int64_t)n - 1);
    return run && run->first + (int64_t)run->n > first;
}

bool places_has(const struct places *places, int64_t place, uint32_t hash) {
    const struct place_run *run = run_before(places, place);
    return run && place - run->first < (int64_t)run->n &&
           places->hashes[run->at + (size_t)(place - run->first)] == hash;
}

static void number_add(struct buffer *row, uint32_t number) {
    uint8_t bytes[4];
    le32_put(bytes, number);
    buffer_add(row, (const char *)bytes, sizeof bytes);
}

int64_t places_pack(const struct places *places, size_t *at, size_t *within, size_t most, struct buffer *row) {
    int64_t first = places->runs[*at].first + (int64_t)*within;
    size_t room = PLACES_ROW_ENTRIES;
    while (*at < places->n_runs && room > 0) {
        const struct place_run *run = &places->runs[*at];
        int64_t begin = run->first + (int64_t)*within, distance = begin - first;
        if (distance < 0 || distance >= PLACES_ROW_SPAN) break;
        size_t n = run->n - *within, fit = row->len + RUN_HEAD < most ? (most - row->len - RUN_HEAD) / HASH : 0;
        if (fit == 0 && row->len == 0) fit = 1;
        if (n > fit) n = fit;
        if (n == 0) break;
        if (n > room) n = room;
        if (n > (size_t)(PLACES_ROW_SPAN - distance)) n = (size_t)(PLACES_ROW_SPAN - distance);
        number_add(row, (uint32_t)distance);
        number_add(row, (uint32_t)n);
        for (size_t i = 0; i < n; i++)
            number_add(row, places->hashes[run->at + *within + i]);
        room -= n;
        *within += n;
        if (*within < run->n) break;
        *within = 0;
        ++*at;
    }
    return first;
}

bool places_unpack(int64_t first, const uint8_t *row, size_t len, places_run_fn *run, void *context) {
    while (len >= RUN_HEAD) {
        uint32_t distance = le32(row), n = le32(row + 4);
        row += RUN_HEAD;
        len -= RUN_HEAD;
        if (n > len / HASH || distance >= PLACES_ROW_SPAN) return false;
        run(context, first + distance, n, row);
        row += (size_t)n * HASH;
        len -= (size_t)n * HASH;
    }
    return len == 0;
}
