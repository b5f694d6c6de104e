/* Captured interfaces: opened together, read in turns. */
#include "daemon/capture_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "packet/stacked.h"

enum { ANY_EVERY = 4 }; /* looks at the interfaces' states between two at what is on top of what */

/* The filter that leaves out what "any" shows again at bridges, bonds and VLANs; NULL: the configuration's alone.
 * `names` gets these interfaces. */
static char *any_filter(const struct capture_set *set, struct buffer *names) {
    struct stacked_link *links = mem_alloc(STACKED_LINKS_MAX * sizeof *links);
    struct buffer filter = BUFFER_INIT;
    struct error error;
    char *text = NULL;
    int n = stacked_links(links, &error);
    if (n < 0)
        log_warning("capture", "interface 'any': %s: frames that pass a bridge count at each of its interfaces",
                    error.text);
    if (n > 0) {
        stacked_filter(links, (unsigned)n, &filter);
        stacked_describe(links, (unsigned)n, names);
    }
    if (filter.len) text = set->wanted ? mem_printf("(%s) and %s", set->wanted, filter.data) : mem_strdup(filter.data);
    buffer_release(&filter);
    free(links);
    return text;
}

static void any_tell(const struct buffer *names) {
    if (names->len)
        log_notice("capture",
                   "interface 'any': %s: frames count where they come in, or where this host sends them; what is "
                   "routed counts at each interface",
                   names->data);
}

static bool same(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

/* Interfaces have come or gone. */
static void any_look(struct capture_set *set) {
    struct buffer names = BUFFER_INIT;
    struct error error;
    char *filter = any_filter(set, &names);
    if (!same(filter, set->filter)) {
        const char *text = filter ? filter : set->wanted;
        if (capture_filter(set->captures[0], text ? text : "", &error) != 0)
            log_warning("capture", "interface 'any': %s", error.text);
        else
            any_tell(&names);
        free(set->filter);
        set->filter = filter;
        set->configs[0].filter = text;
        filter = NULL;
    }
    free(filter);
    buffer_release(&names);
}

/* Before it is opened. */
static void any_prepare(struct capture_set *set, struct capture_config *config) {
    struct buffer names = BUFFER_INIT;
    set->filter = any_filter(set, &names);
    if (set->filter) config->filter = set->filter;
    any_tell(&names);
    buffer_release(&names);
}

static bool is_any(const struct capture_set *set) { return strcmp(set->names.at[0], "any") == 0; }

static int link_type_tell(struct capture_set *set, const struct capture *capture, struct error *error) {
    int link_type = capture_link_type(capture);
    if (link_type == set->link_type) return 0;
    set->link_type = link_type;
    return meter_link_type(set->meter, link_type, error);
}

int capture_set_open(struct capture_set *set, const struct config *config, struct meter *meter, struct error *error) {
    *set = (struct capture_set){.meter = meter, .link_type = -1, .wanted = config->capture.filter};
    if (capture_options_interfaces(config->capture.interface, &set->names, error) != 0) return -1;
    for (unsigned i = 0; i < set->names.n; i++) {
        struct capture_config *one = &set->configs[i];
        *one = (struct capture_config){.interface = set->names.at[i],
                                       .filter = config->capture.filter,
                                       .promiscuous = config->capture.promiscuous,
                                       .snaplen = (uint32_t)config->capture.snaplen,
                                       .buffer = config->capture.buffer};
        if (is_any(set)) any_prepare(set, one);
        set->captures[i] = capture_open(one, error);
        if (!set->captures[i] || link_type_tell(set, set->captures[i], error) != 0) return -1;
    }
    return 0;
}

void capture_set_close(struct capture_set *set) {
    for (unsigned i = 0; i < set->names.n; i++)
        capture_close(set->captures[i]);
    free(set->filter);
}

void capture_set_wait(struct capture_set *set, int wait_ms) { capture_wait(set->captures, set->names.n, wait_ms); }

static void on_frame(void *context, const struct capture_frame *frame) {
    meter_frame(context, frame->bytes, frame->captured, frame->original, frame->time_us);
}

int capture_set_read(struct capture_set *set, struct error *error) {
    for (unsigned i = 0; i < set->names.n; i++) {
        struct capture *capture = set->captures[i];
        if (link_type_tell(set, capture, error) != 0) return -1;
        meter_origin(set->meter, capture_origin(capture));
        if (capture_read(capture, on_frame, set->meter, error) < 0) return -1;
    }
    return 0;
}

void capture_set_look(struct capture_set *set) {
    for (unsigned i = 0; i < set->names.n; i++)
        capture_look(set->captures[i]);
    if (is_any(set) && ++set->looks % ANY_EVERY == 0) any_look(set);
}

struct capture_counters capture_set_counters(const struct capture_set *set) {
    struct capture_counters sum = {.up = true};
    for (unsigned i = 0; i < set->names.n; i++) {
        const struct capture_counters *one = capture_counters(set->captures[i]);
        sum.frames += one->frames;
        sum.dropped += one->dropped;
        sum.interface_dropped += one->interface_dropped;
        sum.downs += one->downs;
        sum.up = sum.up && one->up;
    }
    return sum;
}

void capture_set_show(const struct capture_set *set, struct show *show) {
    const struct capture_counters sum = capture_set_counters(set);
    show_gauge(show, "up", "Whether the interface is up; of several, whether all are.", sum.up);
    show_counter(show, "downs_total", "The number of times that the interface went down.", sum.downs);
    show_counter(show, "frames_total", "Frames captured.", sum.frames);
    show_counter(show, "kernel_dropped_total", "Frames that the kernel dropped because its ring was full.",
                 sum.dropped);
    show_counter(show, "interface_dropped_total", "Frames that the interface dropped, if it reports them.",
                 sum.interface_dropped);
    show_family(show, SHOW_COUNTER, "frames_by_interface_total", "interface", "Frames captured, by interface.");
    for (unsigned i = 0; i < set->names.n; i++)
        show_member(show, set->names.at[i], capture_counters(set->captures[i])->frames);
}

void capture_set_problems(const struct capture_set *set, struct buffer *out) {
    for (unsigned i = 0; i < set->names.n; i++)
        if (!capture_counters(set->captures[i])->up)
            buffer_printf(out, "capture: interface '%s' is down\n", set->names.at[i]);
}
