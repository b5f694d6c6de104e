/* What flows are counted in: words for sums. */
#include "store/query/metric.h"

#include <string.h>

/* The first sum of octets, and the first of packets, have short names. */
static const char *short_name(const struct flow_layout *layout, unsigned sum) {
    static const struct {
        const char *begin, *name;
    } names[] = {{"octet", "octets"}, {"packet", "packets"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i].begin);
        unsigned first = 0;
        while (first < layout->n_sums && strncmp(layout->sums[first]->name, names[i].begin, len) != 0)
            first++;
        if (first == sum) return names[i].name;
    }
    return NULL;
}

const char *metric_name(const struct flow_layout *layout, unsigned metric) {
    if (metric == layout->n_sums) return "flows";
    const char *name = short_name(layout, metric);
    return name ? name : layout->sums[metric]->name;
}

int metric_find(const struct flow_layout *layout, const char *name) {
    for (unsigned i = 0; i <= layout->n_sums; i++) {
        if (strcmp(metric_name(layout, i), name ? name : "octets") == 0) return (int)i;
        if (name && i < layout->n_sums && strcmp(layout->sums[i]->name, name) == 0) return (int)i;
    }
    return name ? -1 : 0;
}

void metrics_show(const struct flow_layout *layout, struct buffer *out) {
    for (unsigned i = 0; i <= layout->n_sums; i++)
        buffer_printf(out, "%s%s", i ? ", " : "", metric_name(layout, i));
}
