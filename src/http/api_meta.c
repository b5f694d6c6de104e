/* The path /api/meta: what there is to ask for; and /api/names: what addresses are called. */
#include <arpa/inet.h>
#include <string.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/show.h"
#include "http/call.h"
#include "http/endpoints.h"
#include "store/query/span.h"

static int last_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(int64_t *)context = columns[0] ? strtoll(columns[0], NULL, 10) : 0;
    return 1;
}

static void sizes_write(struct buffer *out, const struct span *spans, unsigned n) {
    answer_name(out, "sizes");
    buffer_add_text(out, "[");
    for (unsigned i = 0; i < n; i++) {
        const struct span *span = &spans[i];
        bool is_empty = span->first > span->last;
        answer_comma(out);
        buffer_add_text(out, "{");
        answer_number(out, "size", span->size);
        if (is_empty) {
            buffer_add_text(out, ",\"from\":null,\"to\":null}");
            continue;
        }
        answer_number(out, "from", span->first > span->from ? span->first : span->from);
        answer_number(out, "to", (int64_t)span->last + span->size);
        buffer_add_text(out, "}");
    }
    buffer_add_text(out, "]");
}

static void layout_write(struct buffer *out, const struct flow_layout *layout) {
    answer_name(out, "keys");
    buffer_add_text(out, "[");
    for (unsigned i = 0; i < layout->n_keys; i++)
        buffer_printf(out, "%s\"%s\"", i ? "," : "", layout->fields[layout->keys[i]].element[FLOW_IPV4]->name);
    buffer_add_text(out, "],\"sums\":[");
    for (unsigned i = 0; i < layout->n_sums; i++)
        buffer_printf(out, "%s\"%s\"", i ? "," : "", layout->sums[i]->name);
    buffer_add_text(out, "],\"metrics\":[");
    for (unsigned i = 0; i <= layout->n_sums; i++)
        buffer_printf(out, "%s\"%s\"", i ? "," : "", metric_name(layout, i));
    buffer_add_text(out, "]");
}

enum { VALUES_MAX = 500 };

/* What there is to choose from, where it is few and known. */
static void values_write(struct buffer *out, const struct dimension *dimension, const struct name_book *book) {
    uint32_t values[VALUES_MAX];
    bool is_direction = dimension->form == DIMENSION_DIRECTION;
    unsigned n = is_direction                        ? (unsigned)DIRECTIONS
                 : dimension->form == DIMENSION_NAME ? name_book_values(book, dimension->subject, values, VALUES_MAX)
                 : dimension->role == ROLE_EXPORTER  ? name_book_exporter_names(book, values, VALUES_MAX)
                 : dimension->role == ROLE_INTERFACE ? name_book_interface_names(book, values, VALUES_MAX)
                 : dimension->role == ROLE_APPLICATION
                     ? name_book_thing_names(book, NAMED_APPLICATION, values, VALUES_MAX)
                 : dimension->role == ROLE_VRF ? name_book_thing_names(book, NAMED_VRF, values, VALUES_MAX)
                                               : 0;
    if (n == 0) return;
    answer_name(out, "values");
    buffer_add_text(out, "[");
    for (unsigned i = 0; i < n; i++) {
        answer_comma(out);
        show_quoted(out, is_direction ? dimension_direction_names[i] : name_book_text(book, values[i]));
    }
    buffer_add_text(out, "]");
}

static void dimensions_write(struct buffer *out, const struct flow_layout *layout, const struct name_book *book) {
    struct dimensions dimensions;
    dimensions_init(&dimensions, layout, book);
    answer_name(out, "dimensions");
    buffer_add_text(out, "[");
    for (unsigned i = 0; i < dimensions.n; i++) {
        const struct dimension *dimension = &dimensions.list[i];
        buffer_add_text(out, i ? ",{" : "{");
        answer_text(out, "name", dimension->name);
        answer_text(out, "title", dimension->title);
        answer_text(out, "type", dimension_form_names[dimension->form]);
        answer_name(out, "filter");
        buffer_add_text(out, dimension->can_filter ? "true" : "false");
        answer_name(out, "group");
        buffer_add_text(out, "true");
        values_write(out, dimension, book);
        buffer_add_text(out, "}");
    }
    buffer_add_text(out, "]");
}

void api_meta(struct api_call *call) {
    int64_t begin_us = clock_monotonic_us(), last = 0;
    struct span spans[BUCKET_SIZES_MAX];
    struct buffer *out = &call->body;
    struct error error;
    if (call_params(call, NULL, 0, NULL) != 0) return;
    if (spans_read(call->store, call->schema, spans, &error) != STORE_OK ||
        store_query(call->store, "SELECT MAX(committed_at) FROM import_ledger", NULL, 0, last_read, &last, &error) !=
            STORE_OK) {
        call_store_failed(call, &error);
        return;
    }
    buffer_add_text(out, "{");
    answer_text(out, "version", FLOWIMPORT_VERSION);
    answer_text(out, "store", store_dialect(call->store) == DIALECT_MYSQL ? "mysql" : "sqlite");
    sizes_write(out, spans, call->schema->n_sizes);
    layout_write(out, call->schema->layout);
    dimensions_write(out, call->schema->layout, call->book);
    if (last)
        answer_number(out, "last_commit", last);
    else
        answer_text(out, "last_commit", NULL);
    call_end(call, begin_us);
}

/* Names
 * ----------------------------------------------------------------------------------------------------------------- */

enum { ADDRESSES_MAX = 1000 };
static const char addresses_accepted[] = "1 to 1000 IPv4 or IPv6 addresses, separated by commas";

struct names_params {
    const char *address;
};

const struct option api_names_params[] = {
    {.name = "address",
     .type = OPTION_TEXT,
     .offset = OPTION_AT(names_params, address, const char *),
     .help = "Addresses, separated by commas; at most 1000."},
};
const unsigned api_names_n_params = 1;

/* "network": "Berlin", and the tags. */
static void tags_write(const struct api_call *call, unsigned family, const uint8_t *address, struct buffer *out) {
    answer_name(out, "tags");
    buffer_add_text(out, "{");
    for (unsigned subject = NAME_NETWORK; subject < name_book_subjects(call->book); subject++) {
        uint32_t value = name_book_find(call->book, subject, family, address);
        if (subject == NAME_LOCAL || value == 0) continue;
        answer_text(out, name_book_subject(call->book, subject), name_book_text(call->book, value));
    }
    buffer_add_text(out, "}");
    answer_name(out, "local");
    buffer_add_text(out, !name_book_has_local(call->book)                          ? "null"
                         : name_book_find(call->book, NAME_LOCAL, family, address) ? "true"
                                                                                   : "false");
}

/* -1: no address. */
static int name_write(const struct api_call *call, const char *address, struct buffer *out) {
    static const int families[FLOW_FAMILIES] = {AF_INET, AF_INET6};
    uint8_t bytes[16];
    struct api_name name = {.host = ""};
    struct named named;
    unsigned family = 0;
    while (family < FLOW_FAMILIES && inet_pton(families[family], address, bytes) != 1)
        family++;
    if (family == FLOW_FAMILIES) return -1;
    if (call->names) call->names->find(call->names->context, family, bytes, &name);
    named_set(&named, name.host, "dns");
    uint32_t host = name_book_find(call->book, NAME_HOST, family, bytes);
    if (host) named_set(&named, name_book_text(call->book, host), "file");
    answer_name(out, address);
    buffer_add_text(out, "{");
    answer_text(out, "host", named.text);
    answer_text(out, "source", named.source);
    answer_text(out, "network", name.network);
    answer_text(out, "country", name.country);
    tags_write(call, family, bytes, out);
    buffer_add_text(out, "}");
    return 0;
}

void api_names(struct api_call *call) {
    struct names_params params;
    struct buffer *out = &call->body;
    unsigned n = 0;
    if (call_params(call, api_names_params, api_names_n_params, &params) != 0) return;
    buffer_add_text(out, "{\"names\":{");
    for (const char *at = params.address; at; n++) {
        char address[INET6_ADDRSTRLEN] = "";
        size_t len = strcspn(at, ",");
        if (len < sizeof address) memcpy(address, at, len);
        if (n == ADDRESSES_MAX || name_write(call, address, out) != 0) {
            call_refuse(call, "address", params.address, addresses_accepted);
            return;
        }
        at = at[len] ? at + len + 1 : NULL;
    }
    if (n == 0)
        call_refuse(call, "address", NULL, addresses_accepted);
    else
        buffer_add_text(out, "}}\n");
}
