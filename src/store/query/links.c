/* Interfaces by their flows, their speed, and their own counters. */
#include "store/query/links.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "flow/sum.h"
#include "names/learned.h"
#include "store/query/metric.h"

struct work {
    struct store *store;
    const struct schema *schema;
    const struct name_book *book;
    struct links *links;
    struct error *error;
    struct filter filter; /* all flows */
    const struct dimension *exporter, *interfaces[LINK_DIRECTIONS];
    int octets, packets; /* which of the sums they are; packets -1: they are not counted */
    int64_t now;
    uint32_t size; /* of `list` */
};

/* Links
 * ----------------------------------------------------------------------------------------------------------------- */

static int place_compare(const void *left, const void *right) {
    const struct link *a = left, *b = right;
    if (a->family != b->family) return a->family < b->family ? -1 : 1;
    int order = memcmp(a->exporter, b->exporter, sizeof a->exporter);
    return order ? order : a->index < b->index ? -1 : a->index > b->index;
}

static struct link *link_add(struct work *work, unsigned family, const uint8_t exporter[16], uint32_t index) {
    struct links *links = work->links;
    links->list = mem_grow(links->list, links->n, &work->size, sizeof links->list[0]);
    struct link *link = &links->list[links->n++];
    *link = (struct link){.family = family, .index = index};
    memcpy(link->exporter, exporter, sizeof link->exporter);
    return link;
}

/* By place: the list is in order but for what was added last. */
static struct link *link_find(const struct links *links, unsigned n_sorted, const struct link *wanted) {
    return n_sorted > 0 ? bsearch(wanted, links->list, n_sorted, sizeof links->list[0], place_compare) : NULL;
}

/* The group's place; false: its flows were seen by no exporter, or at no interface. */
static bool group_place(const struct work *work, enum link_direction direction, const struct query_group *group,
                        struct link *place) {
    const struct key_column exporter = dimension_key(work->exporter, group->family),
                            interface = dimension_key(work->interfaces[direction], group->family);
    static const uint8_t none[16];
    *place = (struct link){.index = (uint32_t)be_number(group->key[1], interface.width),
                           .family = exporter.type == ELEMENT_IPV6_ADDRESS ? FLOW_IPV6 : FLOW_IPV4};
    memcpy(place->exporter, group->key[0], place->family == FLOW_IPV6 ? 16 : 4);
    return place->index != 0 && memcmp(place->exporter, none, sizeof none) != 0;
}

/* Questions
 * ----------------------------------------------------------------------------------------------------------------- */

static enum store_status ask(const struct work *work, enum link_direction direction, int64_t from, int64_t to,
                             unsigned points, struct query_result *result) {
    struct query query = {.from = from,
                          .to = to,
                          .filter = &work->filter,
                          .n_group = 2,
                          .group = {work->exporter, work->interfaces[direction]},
                          .metric = (unsigned)work->octets,
                          .n = LINKS_MAX,
                          .series = points > 0,
                          .points = points};
    return query_run(work->store, work->schema, &query, result, work->error);
}

static sum_wide packets_of(const struct work *work, const sum_wide *values) {
    return work->packets < 0 ? 0 : values[work->packets];
}

static uint64_t rate_of(sum_wide octets, uint64_t seconds) {
    sum_wide rate = octets * 8 / (seconds ? seconds : 1);
    return rate > UINT64_MAX ? UINT64_MAX : (uint64_t)rate;
}

/* What is on the wire of the busiest part: packets are taken to be as large as in the whole. */
static uint64_t peak_of(const struct work *work, const struct query_result *result, unsigned which) {
    const struct query_group *group = &result->groups[which];
    sum_wide octets = group->values[work->octets], most = 0;
    for (unsigned t = 0; t < result->n_times; t++) {
        sum_wide value = result->series[(size_t)which * result->n_times + t];
        if (value > most) most = value;
    }
    double more = octets ? (double)packets_of(work, group->values) * LINK_WIRE / (double)octets : 0;
    return rate_of(most + (sum_wide)((double)most * more), result->step);
}

static enum store_status period_read(struct work *work, enum link_direction direction, int64_t from, int64_t to) {
    struct query_result result;
    enum store_status status = ask(work, direction, from, to, LINK_POINTS, &result);
    if (status != STORE_OK) return status;
    struct links *links = work->links;
    unsigned n_sorted = links->n;
    links->from = result.from;
    links->to = result.to;
    links->step = result.step;
    uint64_t end = result.to < (uint64_t)work->now ? result.to : (uint64_t)work->now;
    uint64_t seconds = end > result.from ? end - result.from : 1;
    for (unsigned i = 0; i < result.n_groups; i++) {
        const sum_wide *values = result.groups[i].values;
        struct link place;
        if (!group_place(work, direction, &result.groups[i], &place)) continue;
        struct link *link = link_find(links, n_sorted, &place);
        if (!link) link = link_add(work, place.family, place.exporter, place.index);
        struct link_way *way = &link->way[direction];
        way->octets += values[work->octets];
        way->packets += packets_of(work, values);
        way->bits = rate_of(way->octets + way->packets * LINK_WIRE, seconds);
        uint64_t peak = peak_of(work, &result, i);
        way->peak_bits = way->bits > peak ? way->bits : peak;
    }
    if (links->n > 0) qsort(links->list, links->n, sizeof links->list[0], place_compare);
    query_release(&result);
    return STORE_OK;
}

/* The flows of the hour that interfaces have counted. */
static enum store_status hour_read(struct work *work, enum link_direction direction) {
    struct links *links = work->links;
    struct query_result result;
    enum store_status status = ask(work, direction, links->hour, (int64_t)links->hour + LEARNED_HOUR, 0, &result);
    if (status != STORE_OK) return status;
    if (result.from != links->hour || result.to != (uint64_t)links->hour + LEARNED_HOUR) links->hour = 0;
    for (unsigned i = 0; i < result.n_groups; i++) {
        const sum_wide *values = result.groups[i].values;
        struct link place;
        if (!group_place(work, direction, &result.groups[i], &place)) continue;
        struct link *link = link_find(links, links->n, &place);
        if (link) link->way[direction].hour_octets += values[work->octets] + packets_of(work, values) * LINK_FRAME;
    }
    query_release(&result);
    return STORE_OK;
}

/* Names and counters
 * ----------------------------------------------------------------------------------------------------------------- */

/* Interfaces that count, with flows or without; and the last hour that any has counted. */
static void counting_add(struct work *work) {
    enum { AT_ONCE = 256 };
    const struct name_interface *list[AT_ONCE];
    struct links *links = work->links;
    unsigned n_sorted = links->n, n;
    for (unsigned first = 0; (n = name_book_interface_list(work->book, list, first, AT_ONCE)) > 0; first += n)
        for (unsigned i = 0; i < n; i++) {
            struct link place = {.family = list[i]->family, .index = list[i]->index};
            memcpy(place.exporter, list[i]->exporter, sizeof place.exporter);
            if (list[i]->counted > links->hour) links->hour = list[i]->counted;
            if (list[i]->counted && !link_find(links, n_sorted, &place) && links->n < 2 * LINKS_MAX)
                link_add(work, place.family, place.exporter, place.index);
        }
    if (links->n > 0) qsort(links->list, links->n, sizeof links->list[0], place_compare);
    for (unsigned i = 0; i < links->n; i++)
        links->list[i].known =
            name_book_interface(work->book, links->list[i].family, links->list[i].exporter, links->list[i].index);
}

static enum store_status hour_compare(struct work *work, int64_t committed) {
    struct links *links = work->links;
    enum store_status status = STORE_OK;
    if (links->hour && committed < (int64_t)links->hour + LEARNED_HOUR) links->hour = 0;
    for (unsigned way = 0; way < LINK_DIRECTIONS && links->hour && status == STORE_OK; way++)
        status = hour_read(work, (enum link_direction)way);
    for (unsigned i = 0; i < links->n; i++) {
        const struct name_interface *known = links->list[i].known;
        links->list[i].has_hour = links->hour && known && known->counted == links->hour;
    }
    return status;
}

uint64_t link_use(const struct link *link) {
    uint64_t in = link->way[LINK_IN].peak_bits, out = link->way[LINK_OUT].peak_bits, most = in > out ? in : out;
    if (!link->known || !link->known->speed) return 0;
    unsigned __int128 use = (unsigned __int128)most * 100000 / link->known->speed;
    return use > INT64_MAX ? INT64_MAX : (uint64_t)use;
}

static int use_compare(const void *left, const void *right) {
    const struct link *a = left, *b = right;
    uint64_t x = link_use(a), y = link_use(b);
    if (x != y) return x > y ? -1 : 1;
    sum_wide more = a->way[LINK_IN].octets + a->way[LINK_OUT].octets,
             less = b->way[LINK_IN].octets + b->way[LINK_OUT].octets;
    if (more != less) return more > less ? -1 : 1;
    return place_compare(a, b);
}

/* All of it
 * ----------------------------------------------------------------------------------------------------------------- */

static const char *keys_find(struct work *work, const struct dimensions *dimensions) {
    static const char *const names[] = {"exporter", "in", "out"};
    const struct dimension **places[] = {&work->exporter, &work->interfaces[LINK_IN], &work->interfaces[LINK_OUT]};
    static const char *const elements[] = {"exporterIPv4Address", "ingressInterface", "egressInterface"};
    for (unsigned i = 0; i < 3; i++) {
        *places[i] = dimension_find(dimensions, names[i], strlen(names[i]));
        if (!*places[i] && i == 0) *places[i] = dimension_find(dimensions, "exporter6", strlen("exporter6"));
        if (!*places[i]) return elements[i];
    }
    return NULL;
}

enum store_status links_read(struct store *store, const struct schema *schema, const struct name_book *book,
                             int64_t from, int64_t to, int64_t now, int64_t committed, struct links *links,
                             struct error *error) {
    struct work work = {.store = store,
                        .schema = schema,
                        .book = book,
                        .links = links,
                        .error = error,
                        .now = now,
                        .octets = metric_find(schema->layout, "octets"),
                        .packets = metric_find(schema->layout, "packets")};
    struct dimensions *dimensions = mem_alloc(sizeof *dimensions);
    enum store_status status = STORE_OK;
    memset(links, 0, sizeof *links);
    dimensions_init(dimensions, schema->layout, book);
    links->lacking = work.octets < 0 ? "octetDeltaCount" : keys_find(&work, dimensions);
    for (unsigned way = 0; way < LINK_DIRECTIONS && !links->lacking && status == STORE_OK; way++)
        status = period_read(&work, (enum link_direction)way, from, to);
    if (!links->lacking && status == STORE_OK) {
        counting_add(&work);
        status = hour_compare(&work, committed);
    }
    if (links->n > 0) qsort(links->list, links->n, sizeof links->list[0], use_compare);
    free(dimensions);
    if (status != STORE_OK) links_release(links);
    return status;
}

void links_release(struct links *links) {
    free(links->list);
    memset(links, 0, sizeof *links);
}
