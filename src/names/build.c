/* A walk over sorted prefixes, with those around the present one on a stack: every address gets what the longest of its
 * prefixes say. */
#include "names/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { DEPTH = 2 * 129 + 1 }; /* prefixes in one another: two of each length, and all addresses */

static address_number number_of(const struct address *address) {
    if (address->family == FLOW_IPV4) return be32(address->bytes);
    return (address_number)be64(address->bytes) << 64 | be64(address->bytes + 8);
}

void build_address(const struct build_prefix *prefix, struct address *address) {
    *address = (struct address){.family = prefix->family, .bits = prefix->bits};
    if (prefix->family == FLOW_IPV4) {
        be32_put(address->bytes, (uint32_t)prefix->first);
    } else {
        be64_put(address->bytes, (uint64_t)(prefix->first >> 64));
        be64_put(address->bytes + 8, (uint64_t)prefix->first);
    }
}

static address_number last_of(unsigned family) { return family == FLOW_IPV4 ? UINT32_MAX : ~(address_number)0; }

void build_prefix(struct build *build, const struct address *address, uint32_t file, uint32_t line) {
    unsigned rest = address_width(address->family) - address->bits;
    address_number first = number_of(address), all = rest == 128 ? ~(address_number)0 : ((address_number)1 << rest) - 1;
    build->prefixes = mem_grow(build->prefixes, build->n, &build->size, sizeof build->prefixes[0]);
    build->prefixes[build->n++] = (struct build_prefix){.first = first,
                                                        .last = first | all,
                                                        .family = address->family,
                                                        .bits = address->bits,
                                                        .file = file,
                                                        .line = line,
                                                        .values = build->n_values};
}

void build_value(struct build *build, uint32_t subject, uint32_t value) {
    build->values = mem_grow(build->values, build->n_values, &build->values_size, sizeof build->values[0]);
    build->values[build->n_values++] = (struct build_value){subject, value};
    build->prefixes[build->n - 1].n_values++;
}

static int prefix_compare(const void *left, const void *right) {
    const struct build_prefix *a = left, *b = right;
    if (a->family != b->family) return a->family < b->family ? -1 : 1;
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    if (a->bits != b->bits) return a->bits < b->bits ? -1 : 1;
    if (a->file != b->file) return a->file < b->file ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

const struct build_prefix *build_sort(struct build *build, const struct build_prefix **first) {
    const struct build_prefix *found = NULL;
    if (build->n > 0) qsort(build->prefixes, build->n, sizeof build->prefixes[0], prefix_compare);
    for (uint32_t i = 1; i < build->n; i++) {
        const struct build_prefix *a = &build->prefixes[i - 1], *b = &build->prefixes[i];
        /* An own network may have a name as well. */
        if (a->family != b->family || a->first != b->first || a->bits != b->bits) continue;
        if (b->file == BUILD_LOCAL) continue;
        if (found && (found->file < b->file || (found->file == b->file && found->line < b->line))) continue;
        *first = a;
        found = b;
    }
    return found;
}

struct walk {
    struct name_book *book;
    struct ranges *ranges;
    uint32_t size; /* of the ranges */
    unsigned family, depth;
    struct {
        address_number last;
        uint32_t record;
    } stack[DEPTH];
};

/* From here on the record holds. */
static void range_begin(struct walk *walk, address_number first, uint32_t record) {
    struct ranges *ranges = walk->ranges;
    bool v4 = walk->family == FLOW_IPV4;
    if (ranges->n > 0) {
        address_number before = v4 ? ranges->first4[ranges->n - 1] : ranges->first6[ranges->n - 1];
        if (before == first) {
            ranges->record[ranges->n - 1] = record;
            return;
        }
    }
    if (ranges->n == walk->size) {
        walk->size = walk->size ? 2 * walk->size : 64;
        ranges->record = mem_realloc(ranges->record, walk->size, sizeof ranges->record[0]);
        if (v4)
            ranges->first4 = mem_realloc(ranges->first4, walk->size, sizeof ranges->first4[0]);
        else
            ranges->first6 = mem_realloc(ranges->first6, walk->size, sizeof ranges->first6[0]);
    }
    if (v4)
        ranges->first4[ranges->n] = (uint32_t)first;
    else
        ranges->first6[ranges->n] = first;
    ranges->record[ranges->n++] = record;
}

/* What is around begins again behind each that ends before `first`. */
static void ends_pass(struct walk *walk, address_number first, bool all) {
    while (walk->depth > 1 && (all || walk->stack[walk->depth - 1].last < first)) {
        address_number last = walk->stack[--walk->depth].last;
        if (last != last_of(walk->family)) range_begin(walk, last + 1, walk->stack[walk->depth - 1].record);
    }
}

/* What is around, and what the prefix says of its own. */
static uint32_t record_add(struct walk *walk, const struct build *build, const struct build_prefix *prefix) {
    struct name_book *book = walk->book;
    uint32_t *record = book->records + (size_t)book->n_records * book->n_subjects;
    const uint32_t *around = book->records + (size_t)walk->stack[walk->depth - 1].record * book->n_subjects;
    memcpy(record, around, book->n_subjects * sizeof record[0]);
    for (uint32_t i = 0; i < prefix->n_values; i++) {
        const struct build_value *value = &build->values[prefix->values + i];
        record[value->subject] = value->value;
    }
    return book->n_records++;
}

static void family_walk(const struct build *build, struct name_book *book, unsigned family) {
    struct walk walk = {.book = book, .ranges = &book->ranges[family], .family = family, .depth = 1};
    walk.stack[0].last = last_of(family);
    range_begin(&walk, 0, 0);
    for (uint32_t i = 0; i < build->n; i++) {
        const struct build_prefix *prefix = &build->prefixes[i];
        if (prefix->family != family) continue;
        ends_pass(&walk, prefix->first, false);
        uint32_t record = record_add(&walk, build, prefix);
        walk.stack[walk.depth].last = prefix->last;
        walk.stack[walk.depth++].record = record;
        /* The same prefix once more, as an own network: the record with both is the one that holds. */
        range_begin(&walk, prefix->first, record);
    }
    ends_pass(&walk, 0, true);
}

/* So that a search begins near its end: 16 steps less, each of which waits for memory. */
static void heads_fill(struct ranges *ranges) {
    ranges->by_head = mem_alloc(RANGES_HEADS * sizeof ranges->by_head[0]);
    uint32_t at = 0;
    for (uint32_t head = 0; head < RANGES_HEADS; head++) {
        while (at + 1 < ranges->n && ranges->first4[at + 1] <= head << 16)
            at++;
        ranges->by_head[head] = at;
    }
}

void build_finish(struct build *build, struct name_book *book) {
    book->records = mem_zalloc((size_t)build->n + 1, book->n_subjects * sizeof book->records[0]);
    book->n_records = 1; /* that of nothing */
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        family_walk(build, book, family);
    heads_fill(&book->ranges[FLOW_IPV4]);
}

void build_release(struct build *build) {
    free(build->prefixes);
    free(build->values);
    *build = (struct build){.prefixes = NULL};
}
