/* Any text as a filter: it is refused with a reason, or it becomes a condition with a value for each question mark. */
#include "store/query/filter.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/names.h"
#include "store/query/query_sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct flow_layout layout;
static struct schema schema;
static struct dimensions dimensions;

static void prepare(void) {
    static const uint32_t sizes[] = {600};
    static const char names[] = "10.0.0.0/8 name=Corp site=B\n10.1.0.0/16 name=\"B, \"\"q\"\"\" site=?;--\n"
                                "10.3.0.0/16 site=B\n10.5.0.0/16 site=B\n10.7.0.0/16 site=B\n10.9.0.0/16 site=C\n"
                                "10.1.0.1 name=mail\n10.1.0.2 name=mail\n2001:db8::1 name=mail\n"
                                "2001:db8::/32 site=B\nexporter 10.0.0.1 name=edge\nexporter 10.0.0.2 name=edge\n"
                                "interface 10.0.0.1 7 name=up\ninterface 10.0.0.2 8 name=up\n"
                                "application 10.0.0.1 0d01 name=tube\napplication 10.0.0.2 0d02 name=tube\n"
                                "vrf 10.0.0.1 3 name=blue\nvrf 10.0.0.2 4 name=blue\n";
    struct error error;
    names_init();
    if (flow_layout_init(&layout,
                         FLOW_LAYOUT_KEYS ",ingressInterface,interfaceName,sourceMacAddress,absoluteError,"
                                          "mibObjectValueInteger,exporterIPv4Address,"
                                          "applicationId,ingressVRFID,bgpSourceAsNumber",
                         FLOW_LAYOUT_SUMS, &error) != 0)
        abort();
    schema_init(&schema, &layout, sizes, 1);
    struct name_book *book = name_book_parse(names, sizeof names - 1, "names", "10.0.0.0/8,2001:db8::/32", &error);
    if (!book) abort();
    dimensions_init(&dimensions, &layout, book);
}

/* Nothing of the text is in the condition: it is made of names of ours, blanks, brackets and question marks. */
static void condition_check(const struct filter *filter, const struct table *table) {
    struct statement statement = STATEMENT_INIT;
    unsigned marks = 0;
    if (filter_write(filter, table, &statement)) {
        for (const char *at = statement.sql.data; at && *at; at++) {
            marks += *at == '?';
            if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 (),?=<>'", *at) &&
                strncmp(at, "-2 ", 3) != 0) /* SCHEMA_NO_ADDRESS */
                abort();
        }
        if (marks != statement.n_params) abort();
    }
    statement_release(&statement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct filter filter;
    struct filter_fault fault = {.term = "", .accepted = ""};
    if (dimensions.n == 0) prepare();
    char *text = mem_strndup((const char *)data, size);
    if (filter_parse(&filter, &dimensions, text, &fault) != 0) {
        if (!*fault.accepted || filter.values) abort();
    } else {
        if (*fault.accepted || filter.n_terms > FILTER_TERMS_MAX || filter.n_values > FILTER_ALL_MAX) abort();
        for (unsigned i = 0; i < schema.n_tables; i++)
            if (schema.tables[i].bucket_size) condition_check(&filter, &schema.tables[i]);
        for (unsigned i = 0; i < filter.n_terms; i++) {
            const struct filter_term *term = &filter.terms[i];
            for (unsigned v = term->first; v < term->first + term->n; v++) {
                struct buffer shown = BUFFER_INIT;
                enum flow_family family = filter.values[v].families & 1 << FLOW_IPV4 ? FLOW_IPV4 : FLOW_IPV6;
                dimension_text(term->dimension, family, filter.values[v].low, &shown);
                buffer_release(&shown);
            }
        }
        for (unsigned i = 0; i < filter.n_bounds; i++)
            if (filter.bounds[i].metric > layout.n_sums || filter.bounds[i].value < 0) abort();
        filter_release(&filter);
    }
    free(text);
    return 0;
}
