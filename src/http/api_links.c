/* The path /api/links: how full interfaces are, and how much of what they count their flows show. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/show.h"
#include "http/call.h"
#include "http/endpoints.h"
#include "store/query/links.h"

struct params {
    int64_t from, to;
    uint64_t n;
    int format;
};

const struct option api_links_params[] = {
    PARAM_FROM(params),
    PARAM_TO(params),
    {.name = "n",
     .type = OPTION_COUNT,
     .offset = OPTION_AT(params, n, uint64_t),
     .standard = "100",
     .min = 1,
     .max = 2 * LINKS_MAX,
     .help = "The number of interfaces."},
    PARAM_FORMAT(params),
};
const unsigned api_links_n_params = sizeof api_links_params / sizeof api_links_params[0];

static const char *const way_names[LINK_DIRECTIONS] = {[LINK_IN] = "in", [LINK_OUT] = "out"};

static int last_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(int64_t *)context = columns[0] ? strtoll(columns[0], NULL, 10) : 0;
    return 1;
}

static uint64_t counted_of(const struct link *link, enum link_direction way) {
    return way == LINK_IN ? link->known->in : link->known->out;
}

/* A part of a whole in percent, with one decimal place; null where there is none. */
static void percent_write(struct buffer *out, double part, double whole, const char *none) {
    if (whole > 0)
        buffer_printf(out, "%.1f", 100 * part / whole);
    else
        buffer_add_text(out, none);
}

static void use_write(struct buffer *out, const struct link *link, uint64_t bits, const char *none) {
    percent_write(out, (double)bits, link->known ? (double)link->known->speed : 0, none);
}

static void coverage_write(struct buffer *out, const struct link *link, enum link_direction way, const char *none) {
    percent_write(out, (double)link->way[way].hour_octets, link->has_hour ? (double)counted_of(link, way) : 0, none);
}

static const char *text_of(const struct api_call *call, uint32_t value) { return name_book_text(call->book, value); }

/* JSON
 * ----------------------------------------------------------------------------------------------------------------- */

static void wide_write(struct buffer *out, const char *name, sum_wide sum) {
    char text[SUM_DIGITS + 1];
    answer_name(out, name);
    buffer_add_text(out, sum_text(sum, 0, text));
}

static void way_write(struct buffer *out, const struct link *link, enum link_direction direction) {
    const struct link_way *way = &link->way[direction];
    answer_name(out, way_names[direction]);
    buffer_add_text(out, "{");
    wide_write(out, "octets", way->octets);
    wide_write(out, "packets", way->packets);
    buffer_printf(out, ",\"bits\":%" PRIu64 ",\"use\":", way->bits);
    use_write(out, link, way->bits, "null");
    buffer_printf(out, ",\"peak_bits\":%" PRIu64 ",\"peak_use\":", way->peak_bits);
    use_write(out, link, way->peak_bits, "null");
    answer_name(out, "counted");
    if (link->has_hour)
        buffer_printf(out, "%" PRIu64, counted_of(link, direction));
    else
        buffer_add_text(out, "null");
    answer_name(out, "coverage");
    coverage_write(out, link, direction, "null");
    buffer_add_text(out, "}");
}

/* "name":"ge-0/0/1","name_source":"options" */
static void named_write(struct buffer *out, const char *name, const char *source_name, const char *text,
                        const char *source) {
    answer_text(out, name, text);
    answer_text(out, source_name, *text ? source : "");
}

static void exporter_text(const struct link *link, char text[INET6_ADDRSTRLEN]) {
    inet_ntop(link->family == FLOW_IPV4 ? AF_INET : AF_INET6, link->exporter, text, INET6_ADDRSTRLEN);
}

static void link_write(struct api_call *call, const struct link *link) {
    struct buffer *out = &call->body;
    const struct name_interface none = {.index = 0}, *known = link->known ? link->known : &none;
    char exporter[INET6_ADDRSTRLEN];
    exporter_text(link, exporter);
    buffer_add_text(out, "{");
    answer_text(out, "exporter", exporter);
    answer_text(out, "exporter_name", text_of(call, name_book_exporter(call->book, link->family, link->exporter)));
    answer_number(out, "index", link->index);
    named_write(out, "name", "name_source", text_of(call, known->name), name_source_names[known->name_source]);
    named_write(out, "description", "description_source", text_of(call, known->description),
                name_source_names[known->description_source]);
    answer_name(out, "speed");
    buffer_printf(out, known->speed ? "%" PRIu64 : "null", known->speed);
    answer_text(out, "speed_source", known->speed ? name_source_names[known->speed_source] : "");
    for (unsigned way = 0; way < LINK_DIRECTIONS; way++)
        way_write(out, link, (enum link_direction)way);
    buffer_add_text(out, "}");
}

static void json_write(struct api_call *call, const struct links *links, unsigned n, int64_t begin_us) {
    struct buffer *out = &call->body;
    buffer_add_text(out, "{");
    answer_number(out, "from", (int64_t)links->from);
    answer_number(out, "to", (int64_t)links->to);
    answer_number(out, "step", links->step);
    answer_name(out, "hour");
    buffer_printf(out, links->hour ? "%" PRIu32 : "null", links->hour);
    answer_name(out, "links");
    buffer_add_text(out, "[");
    for (unsigned i = 0; i < n; i++) {
        if (i) buffer_add_text(out, ",");
        link_write(call, &links->list[i]);
    }
    buffer_printf(out, "],\"more\":%s", links->n > n ? "true" : "false");
    call_end(call, begin_us);
}

/* CSV
 * ----------------------------------------------------------------------------------------------------------------- */

static void csv_line(struct api_call *call, const struct link *link) {
    struct buffer *out = &call->body;
    const struct name_interface none = {.index = 0}, *known = link->known ? link->known : &none;
    char exporter[INET6_ADDRSTRLEN];
    exporter_text(link, exporter);
    buffer_printf(out, "%s,", exporter);
    answer_csv_text(out, text_of(call, name_book_exporter(call->book, link->family, link->exporter)));
    buffer_printf(out, ",%" PRIu32, link->index);
    answer_csv_name(out, text_of(call, known->name), known->name ? name_source_names[known->name_source] : "");
    buffer_add_text(out, ",");
    answer_csv_text(out, text_of(call, known->description));
    buffer_printf(out, known->speed ? ",%" PRIu64 ",%s" : ",", known->speed, name_source_names[known->speed_source]);
    if (!known->speed) buffer_add_text(out, ",");
    for (unsigned i = 0; i < LINK_DIRECTIONS; i++) {
        const struct link_way *way = &link->way[i];
        char octets[SUM_DIGITS + 1], packets[SUM_DIGITS + 1];
        buffer_printf(out, ",%s,%s", sum_text(way->octets, 0, octets), sum_text(way->packets, 0, packets));
        buffer_printf(out, ",%" PRIu64 ",", way->bits);
        use_write(out, link, way->bits, "");
        buffer_printf(out, ",%" PRIu64 ",", way->peak_bits);
        use_write(out, link, way->peak_bits, "");
        buffer_printf(out, link->has_hour ? ",%" PRIu64 "," : ",,",
                      link->has_hour ? counted_of(link, (enum link_direction)i) : 0);
        coverage_write(out, link, (enum link_direction)i, "");
    }
    buffer_add_text(out, "\r\n");
}

static void csv_write(struct api_call *call, const struct links *links, unsigned n) {
    static const char *const columns[] = {"octets",    "packets",  "bits",    "use",
                                          "peak_bits", "peak_use", "counted", "coverage"};
    struct buffer *out = &call->body;
    call->type = "text/csv; charset=utf-8; header=present";
    buffer_add_text(out, "exporter,exporter_name,index,name,name_source,description,speed,speed_source");
    for (unsigned way = 0; way < LINK_DIRECTIONS; way++)
        for (unsigned i = 0; i < sizeof columns / sizeof columns[0]; i++)
            buffer_printf(out, ",%s_%s", way_names[way], columns[i]);
    buffer_add_text(out, "\r\n");
    for (unsigned i = 0; i < n; i++)
        csv_line(call, &links->list[i]);
}

void api_links(struct api_call *call) {
    int64_t begin_us = clock_monotonic_us(), committed = 0;
    struct params params;
    struct links links;
    struct error error;
    if (call_params(call, api_links_params, api_links_n_params, &params) != 0 ||
        call_range(call, params.from, params.to) != 0)
        return;
    if (store_query(call->store, "SELECT MAX(committed_at) FROM import_ledger", NULL, 0, last_read, &committed,
                    &error) != STORE_OK ||
        links_read(call->store, call->schema, call->book, params.from, params.to, call->now, committed, &links,
                   &error) != STORE_OK) {
        call_store_failed(call, &error);
        return;
    }
    unsigned n = links.n < params.n ? links.n : (unsigned)params.n;
    if (links.lacking)
        call_refuse(call, "aggr_values", NULL,
                    "exporterIPv4Address, ingressInterface and egressInterface among aggr_values");
    else if (params.format == ANSWER_CSV)
        csv_write(call, &links, n);
    else
        json_write(call, &links, n, begin_us);
    links_release(&links);
}
