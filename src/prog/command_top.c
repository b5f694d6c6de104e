/* flowimport top: who talks most, as a table for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flow/names.h"
#include "prog/command.h"
#include "prog/units.h"
#include "store/top.h"

static const char usage[] = "top hosts|ports|flows [--from TIME] [--to TIME] [-n ROWS]";

/* The column head of a sum: "octets" for octetDeltaCount, "packets" for packetTotalCount, else the element's name. */
static const char *sum_head(const struct element *element) {
    if (strncmp(element->name, "octet", 5) == 0) return "octets";
    if (strncmp(element->name, "packet", 6) == 0) return "packets";
    return element->name;
}

static const char *sum_unit(const struct element *element) {
    return strncmp(element->name, "octet", 5) == 0 ? "B" : "";
}

/* The row's name with what is known of it: "443 https", "192.0.2.7:51515 -> 198.51.100.4:443 tcp (https)". */
static void row_name(const struct top_row *row, enum top_kind kind, char *text, size_t size) {
    const char *service = row->port >= 0 ? service_name((uint16_t)row->port, row->protocol) : NULL;
    if (kind == TOP_PORTS)
        snprintf(text, size, "%s%s%s", row->name, service ? " " : "", service ? service : "");
    else if (kind == TOP_FLOWS && service)
        snprintf(text, size, "%s (%s)", row->name, service);
    else
        snprintf(text, size, "%s", row->name);
}

static void table_print(const struct flow_layout *layout, const struct top_result *result, enum top_kind kind,
                        unsigned order) {
    static const char *const heads[] = {[TOP_HOSTS] = "host", [TOP_PORTS] = "port", [TOP_FLOWS] = "flow"};
    char name[256], number[32];
    int width = (int)strlen(heads[kind]);
    for (unsigned i = 0; i < result->n; i++) {
        row_name(&result->rows[i], kind, name, sizeof name);
        if ((int)strlen(name) > width) width = (int)strlen(name);
    }
    printf("%4s  %-*s  %10s  %6s", "", width, heads[kind], sum_head(layout->sums[order]), "share");
    for (unsigned s = 0; s < layout->n_sums; s++)
        if (s != order) printf("  %10s", sum_head(layout->sums[s]));
    printf("  %10s\n", "flows");
    for (unsigned i = 0; i < result->n; i++) {
        const struct top_row *row = &result->rows[i];
        uint64_t total = result->total_sums[order];
        row_name(row, kind, name, sizeof name);
        printf("%4u  %-*s  %10s  %4.1f %%", i + 1, width, name,
               units_count(row->sums[order], sum_unit(layout->sums[order]), number, sizeof number),
               total ? 100.0 * (double)row->sums[order] / (double)total : 0.0);
        for (unsigned s = 0; s < layout->n_sums; s++)
            if (s != order)
                printf("  %10s", units_count(row->sums[s], sum_unit(layout->sums[s]), number, sizeof number));
        printf("  %10s\n", units_count((row->flows + FLOW_UNIT / 2) / FLOW_UNIT, "", number, sizeof number));
    }
}

static void total_print(const struct command_call *call, const struct top_result *result, unsigned order) {
    const struct flow_layout *layout = &call->config->layout;
    char number[32], from[40], to[40];
    printf("      total: %s",
           units_count(result->total_sums[order], sum_unit(layout->sums[order]), number, sizeof number));
    for (unsigned s = 0; s < layout->n_sums; s++)
        if (s != order)
            printf(", %s%s%s", units_count(result->total_sums[s], sum_unit(layout->sums[s]), number, sizeof number),
                   *sum_unit(layout->sums[s]) ? "" : " ", *sum_unit(layout->sums[s]) ? "" : sum_head(layout->sums[s]));
    printf(", %s flows", units_count((result->total_flows + FLOW_UNIT / 2) / FLOW_UNIT, "", number, sizeof number));
    if (call->options->from || call->options->to)
        printf("; %s to %s", call->options->from ? clock_show(call->options->from, from) : "the beginning",
               call->options->to ? clock_show(call->options->to, to) : "now");
    else
        printf("; all time");
    printf("\n");
}

int command_top(const struct command_call *call) {
    static const char *const kinds[] = {[TOP_HOSTS] = "hosts", [TOP_PORTS] = "ports", [TOP_FLOWS] = "flows"};
    const struct flow_layout *layout = &call->config->layout;
    struct top_result result;
    struct error error;
    unsigned kind = 0, order = 0;
    if (call->n_operands != 1) return command_usage(usage);
    while (kind < 3 && strcmp(call->operands[0], kinds[kind]) != 0)
        kind++;
    if (kind == 3) return command_usage(usage);
    while (order + 1 < layout->n_sums && strncmp(layout->sums[order]->name, "octet", 5) != 0)
        order++;
    struct store *store = pipeline_store(call->pipeline, "flowimport");
    if (!store) return EXIT_FAILED;
    enum store_status status =
        top_read(store, &call->pipeline->schema, (enum top_kind)kind, (uint32_t)call->options->from,
                 (uint32_t)call->options->to, (unsigned)call->options->n, order, &result, &error);
    store_close(store);
    if (status != STORE_OK) return command_fail(EXIT_FAILED, "%s", error.text);
    table_print(layout, &result, (enum top_kind)kind, order);
    total_print(call, &result, order);
    top_release(&result);
    return EXIT_DONE;
}
