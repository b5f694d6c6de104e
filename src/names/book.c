/* What a book answers. */
#include "names/book.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "names/book_impl.h"

const char *const name_source_names[] = {
    [NAMED_BY_FILE] = "file", [NAMED_BY_OPTIONS] = "options", [NAMED_BY_SFLOW] = "sflow"};
const char *const name_kind_names[] = {
    [NAMED_INTERFACE] = "interface", [NAMED_APPLICATION] = "application", [NAMED_VRF] = "vrf"};

struct name_book *name_book_hold(struct name_book *book) {
    if (book) atomic_fetch_add(&book->users, 1);
    return book;
}

void name_book_drop(struct name_book *book) {
    if (!book || atomic_fetch_sub(&book->users, 1) != 1) return;
    texts_release(&book->texts);
    free(book->interfaces);
    free(book->things);
    if (book->base) {
        name_book_drop(book->base);
        free(book);
        return;
    }
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        free(book->ranges[family].first4);
        free(book->ranges[family].by_head);
        free(book->ranges[family].first6);
        free(book->ranges[family].record);
    }
    for (unsigned i = NAME_TAGS; i < book->n_subjects; i++)
        free((char *)book->subjects[i]);
    free(book->records);
    free(book->exporters);
    free(book);
}

/* Addresses
 * ----------------------------------------------------------------------------------------------------------------- */

unsigned name_book_subjects(const struct name_book *book) { return book ? book->n_subjects : NAME_TAGS; }

const char *name_book_subject(const struct name_book *book, unsigned subject) {
    return subject == NAME_NETWORK ? "network" : book && subject < book->n_subjects ? book->subjects[subject] : NULL;
}

/* The last range that begins at or before the address: all begin at 0. */
static uint32_t record_find(const struct ranges *ranges, unsigned family, const uint8_t *address) {
    uint32_t low = 0, n = ranges->n;
    if (family == FLOW_IPV4) {
        uint32_t number = be32(address), head = number >> 16;
        low = ranges->by_head[head];
        n = (head + 1 < RANGES_HEADS ? ranges->by_head[head + 1] + 1 : ranges->n) - low;
        for (uint32_t half; (half = n / 2) > 0; n -= half)
            if (ranges->first4[low + half] <= number) low += half;
    } else {
        address_number number = (address_number)be64(address) << 64 | be64(address + 8);
        for (uint32_t half; (half = n / 2) > 0; n -= half)
            if (ranges->first6[low + half] <= number) low += half;
    }
    return ranges->record[low];
}

static uint32_t record_value(const struct name_book *book, uint32_t record, unsigned subject) {
    return book->records[(size_t)record * book->n_subjects + subject];
}

uint32_t name_book_find(const struct name_book *book, unsigned subject, unsigned family, const uint8_t *address) {
    if (!book || subject >= book->n_subjects) return 0;
    return record_value(book, record_find(&book->ranges[family], family, address), subject);
}

const char *name_book_text(const struct name_book *book, uint32_t value) {
    return book && value < book->texts.n ? texts_get(&book->texts, value) : "";
}

uint32_t name_book_value(const struct name_book *book, const char *text, size_t len) {
    return book ? texts_find(&book->texts, text, len) : 0;
}

static int value_compare(const void *left, const void *right, void *book) {
    return strcmp(name_book_text(book, *(const uint32_t *)left), name_book_text(book, *(const uint32_t *)right));
}

/* Different values out of many: each once, then in the order of their texts. */
struct choice {
    const struct name_book *book;
    uint8_t *seen; /* by value */
    uint32_t *values;
    unsigned n, max;
};

static struct choice choice_begin(const struct name_book *book, uint32_t *values, unsigned max) {
    return (struct choice){.book = book, .seen = mem_zalloc(book->texts.n, 1), .values = values, .max = max};
}

static void choice_add(struct choice *choice, uint32_t value) {
    if (value == 0 || choice->n == choice->max || choice->seen[value]) return;
    choice->seen[value] = 1;
    choice->values[choice->n++] = value;
}

static unsigned choice_end(struct choice *choice) {
    if (choice->n > 0)
        qsort_r(choice->values, choice->n, sizeof choice->values[0], value_compare, (void *)(uintptr_t)choice->book);
    free(choice->seen);
    return choice->n;
}

unsigned name_book_values(const struct name_book *book, unsigned subject, uint32_t *values, unsigned max) {
    if (!book || subject >= book->n_subjects) return 0;
    struct choice choice = choice_begin(book, values, max);
    for (uint32_t record = 1; record < book->n_records; record++)
        choice_add(&choice, record_value(book, record, subject));
    return choice_end(&choice);
}

unsigned name_book_exporter_names(const struct name_book *book, uint32_t *names, unsigned max) {
    if (!book) return 0;
    struct choice choice = choice_begin(book, names, max);
    for (unsigned i = 0; i < book->n_exporters; i++)
        choice_add(&choice, book->exporters[i].name);
    return choice_end(&choice);
}

unsigned name_book_interface_names(const struct name_book *book, uint32_t *names, unsigned max) {
    if (!book) return 0;
    struct choice choice = choice_begin(book, names, max);
    for (unsigned i = 0; i < book->n_interfaces; i++)
        choice_add(&choice, book->interfaces[i].known.name);
    return choice_end(&choice);
}

bool name_book_has_local(const struct name_book *book) { return book && book->has_local; }

static void range_address(const struct ranges *ranges, unsigned family, uint32_t i, uint8_t *address) {
    if (family == FLOW_IPV4) {
        be32_put(address, ranges->first4[i]);
    } else {
        be64_put(address, (uint64_t)(ranges->first6[i] >> 64));
        be64_put(address + 8, (uint64_t)ranges->first6[i]);
    }
}

static uint32_t is_among(uint32_t value, const uint32_t *wanted, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        if (wanted[i] == value) return 1;
    return 0;
}

unsigned name_book_ranges(const struct name_book *book, unsigned subject, const uint32_t *wanted, unsigned n_wanted,
                          unsigned family, struct name_range *ranges, unsigned max) {
    const struct ranges *all = book ? &book->ranges[family] : NULL;
    bool is_known = book && subject < book->n_subjects;
    unsigned n = 0;
    if (max > 0 && !is_known) ranges[n++] = (struct name_range){.value = wanted ? is_among(0, wanted, n_wanted) : 0};
    for (uint32_t i = 0; is_known && i < all->n; i++) {
        uint32_t value = record_value(book, all->record[i], subject);
        if (wanted) value = is_among(value, wanted, n_wanted);
        if (n > 0 && ranges[n - 1].value == value) continue;
        if (n == max) return n + 1;
        struct name_range *range = &ranges[n++];
        *range = (struct name_range){.value = value};
        range_address(all, family, i, range->first);
    }
    return n;
}

unsigned name_book_hosts(const struct name_book *book, uint32_t name, struct name_address *list, unsigned max) {
    unsigned n = 0;
    for (unsigned family = 0; book && name && family < FLOW_FAMILIES; family++) {
        const struct ranges *ranges = &book->ranges[family];
        for (uint32_t i = 0; i < ranges->n && n < max; i++) {
            if (record_value(book, ranges->record[i], NAME_HOST) != name) continue;
            list[n].family = family;
            range_address(ranges, family, i, list[n++].bytes);
        }
    }
    return n;
}

/* Exporters and interfaces
 * ----------------------------------------------------------------------------------------------------------------- */

int book_exporter_compare(const void *left, const void *right) {
    const struct book_exporter *a = left, *b = right;
    if (a->family != b->family) return a->family < b->family ? -1 : 1;
    return memcmp(a->address, b->address, sizeof a->address);
}

static int interface_compare(const void *left, const void *right) {
    const struct name_interface *a = &((const struct book_interface *)left)->known,
                                *b = &((const struct book_interface *)right)->known;
    if (a->family != b->family) return a->family < b->family ? -1 : 1;
    int order = memcmp(a->exporter, b->exporter, sizeof a->exporter);
    if (order != 0) return order;
    return a->index < b->index ? -1 : a->index > b->index;
}

int book_interface_order(const void *left, const void *right) {
    const struct book_interface *a = left, *b = right;
    int order = interface_compare(a, b);
    return order ? order : a->source - b->source;
}

/* What is said of it first, and by whom, holds. */
static void interface_join(struct name_interface *to, const struct name_interface *from) {
    if (!to->name) {
        to->name = from->name;
        to->name_source = from->name_source;
    }
    if (!to->description) {
        to->description = from->description;
        to->description_source = from->description_source;
    }
    if (!to->speed) {
        to->speed = from->speed;
        to->speed_source = from->speed_source;
    }
    if (to->counted) return;
    to->counted = from->counted;
    to->in = from->in;
    to->out = from->out;
}

static int thing_compare(const void *left, const void *right) {
    const struct name_thing *a = &((const struct book_thing *)left)->known,
                            *b = &((const struct book_thing *)right)->known;
    if (a->kind != b->kind) return a->kind - b->kind;
    int order = strcmp(a->id, b->id);
    if (order != 0) return order;
    if (a->family != b->family) return a->family - b->family;
    return memcmp(a->exporter, b->exporter, sizeof a->exporter);
}

int book_thing_order(const void *left, const void *right) {
    const struct book_thing *a = left, *b = right;
    int order = thing_compare(a, b);
    return order ? order : a->known.source - b->known.source;
}

void book_settle(struct name_book *book) {
    unsigned n = 0;
    for (unsigned i = 0; i < book->n_interfaces; i++) {
        struct book_interface *last = n > 0 ? &book->interfaces[n - 1] : NULL;
        if (last && interface_compare(last, &book->interfaces[i]) == 0)
            interface_join(&last->known, &book->interfaces[i].known);
        else
            book->interfaces[n++] = book->interfaces[i];
    }
    book->n_interfaces = n;
    n = 0;
    for (unsigned i = 0; i < book->n_things; i++)
        if (n == 0 || thing_compare(&book->things[n - 1], &book->things[i]) != 0) book->things[n++] = book->things[i];
    book->n_things = n;
}

static void address_copy(uint8_t to[16], unsigned family, const uint8_t *address) {
    memcpy(to, address, family == FLOW_IPV4 ? 4 : 16);
}

uint32_t name_book_exporter(const struct name_book *book, unsigned family, const uint8_t *address) {
    struct book_exporter key = {.family = (uint8_t)family};
    if (!book || book->n_exporters == 0) return 0;
    address_copy(key.address, family, address);
    const struct book_exporter *found =
        bsearch(&key, book->exporters, book->n_exporters, sizeof key, book_exporter_compare);
    return found ? found->name : 0;
}

const struct name_interface *name_book_interface(const struct name_book *book, unsigned family, const uint8_t *exporter,
                                                 uint32_t index) {
    struct book_interface key = {.known = {.family = family, .index = index}};
    if (!book || book->n_interfaces == 0) return NULL;
    address_copy(key.known.exporter, family, exporter);
    const struct book_interface *found =
        bsearch(&key, book->interfaces, book->n_interfaces, sizeof key, interface_compare);
    return found ? &found->known : NULL;
}

unsigned name_book_exporters(const struct name_book *book, uint32_t name, struct name_address *list, unsigned max) {
    unsigned n = 0;
    for (unsigned i = 0; book && name && i < book->n_exporters && n < max; i++) {
        if (book->exporters[i].name != name) continue;
        list[n].family = book->exporters[i].family;
        memcpy(list[n++].bytes, book->exporters[i].address, sizeof list[0].bytes);
    }
    return n;
}

unsigned name_book_interfaces(const struct name_book *book, uint32_t name, const struct name_interface **list,
                              unsigned max) {
    unsigned n = 0;
    for (unsigned i = 0; book && name && i < book->n_interfaces && n < max; i++)
        if (book->interfaces[i].known.name == name) list[n++] = &book->interfaces[i].known;
    return n;
}

unsigned name_book_interface_list(const struct name_book *book, const struct name_interface **list, unsigned first,
                                  unsigned max) {
    unsigned n = 0;
    for (unsigned i = first; book && i < book->n_interfaces && n < max; i++)
        list[n++] = &book->interfaces[i].known;
    return n;
}

/* The first thing of this number, whosever; n_things where there is none before the next. */
static unsigned thing_first(const struct name_book *book, enum name_kind kind, const char *id) {
    unsigned low = 0;
    for (unsigned n = book->n_things; n > 0;) {
        const struct name_thing *middle = &book->things[low + n / 2].known;
        int order = middle->kind != (uint8_t)kind ? middle->kind - (int)kind : strcmp(middle->id, id);
        if (order < 0) {
            low += n / 2 + 1;
            n -= n / 2 + 1;
        } else {
            n /= 2;
        }
    }
    return low;
}

const struct name_thing *name_book_thing(const struct name_book *book, enum name_kind kind, unsigned family,
                                         const uint8_t *exporter, const char *id) {
    const struct name_thing *found = NULL;
    uint8_t address[16] = {0};
    if (exporter) address_copy(address, family, exporter);
    for (unsigned i = book ? thing_first(book, kind, id) : 0; book && i < book->n_things; i++) {
        const struct name_thing *thing = &book->things[i].known;
        if (thing->kind != (uint8_t)kind || strcmp(thing->id, id) != 0) break;
        if (!exporter && found && found->name != thing->name) return NULL;
        if (!exporter || (thing->family == family && memcmp(thing->exporter, address, sizeof address) == 0))
            found = thing;
    }
    return found;
}

unsigned name_book_things(const struct name_book *book, enum name_kind kind, uint32_t name,
                          const struct name_thing **list, unsigned max) {
    unsigned n = 0;
    for (unsigned i = 0; book && name && i < book->n_things && n < max; i++)
        if (book->things[i].known.kind == (uint8_t)kind && book->things[i].known.name == name)
            list[n++] = &book->things[i].known;
    return n;
}

unsigned name_book_thing_names(const struct name_book *book, enum name_kind kind, uint32_t *names, unsigned max) {
    if (!book) return 0;
    struct choice choice = choice_begin(book, names, max);
    for (unsigned i = 0; i < book->n_things; i++)
        if (book->things[i].known.kind == (uint8_t)kind) choice_add(&choice, book->things[i].known.name);
    return choice_end(&choice);
}

struct name_counts name_book_counts(const struct name_book *book) {
    if (!book) return (struct name_counts){0};
    struct name_counts counts = {.prefixes = book->n_prefixes,
                                 .exporters = book->n_exporters,
                                 .interfaces = book->n_interfaces,
                                 .tags = book->n_subjects - NAME_TAGS};
    for (unsigned i = 0; i < book->n_things; i++)
        *(book->things[i].known.kind == NAMED_VRF ? &counts.vrfs : &counts.applications) += 1;
    for (unsigned i = 0; i < book->n_interfaces; i++)
        if (book->interfaces[i].known.name) counts.learned[book->interfaces[i].known.name_source]++;
    return counts;
}
