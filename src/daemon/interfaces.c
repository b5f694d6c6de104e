/* Captured interfaces: opened together, read in turns. */
#include "daemon/interfaces.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "packet/stacked.h"

enum { ANY_EVERY = 4 }; /* looks at the interfaces' states between two at what is on top of what */

/* The filter that leaves out what "any" shows again at bridges, bonds and VLANs; NULL: the configuration's alone.
 * `names` gets these interfaces. */
static char *any_filter(const struct interfaces *interfaces, struct buffer *names) {
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
    if (filter.len)
        text =
            interfaces->wanted ? mem_printf("(%s) and %s", interfaces->wanted, filter.data) : mem_strdup(filter.data);
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
static void any_look(struct interfaces *interfaces) {
    struct buffer names = BUFFER_INIT;
    struct error error;
    char *filter = any_filter(interfaces, &names);
    if (!same(filter, interfaces->filter)) {
        const char *text = filter ? filter : interfaces->wanted;
        if (capture_filter(interfaces->captures[0], text ? text : "", &error) != 0)
            log_warning("capture", "interface 'any': %s", error.text);
        else
            any_tell(&names);
        free(interfaces->filter);
        interfaces->filter = filter;
        interfaces->configs[0].filter = text;
        filter = NULL;
    }
    free(filter);
    buffer_release(&names);
}

/* Before it is opened. */
static void any_prepare(struct interfaces *interfaces, struct capture_config *config) {
    struct buffer names = BUFFER_INIT;
    interfaces->filter = any_filter(interfaces, &names);
    if (interfaces->filter) config->filter = interfaces->filter;
    any_tell(&names);
    buffer_release(&names);
}

static bool is_any(const struct interfaces *interfaces) { return strcmp(interfaces->names.at[0], "any") == 0; }

static int link_type_tell(struct interfaces *interfaces, const struct capture *capture, struct error *error) {
    int link_type = capture_link_type(capture);
    if (link_type == interfaces->link_type) return 0;
    interfaces->link_type = link_type;
    return meter_link_type(interfaces->meter, link_type, error);
}

int interfaces_open(struct interfaces *interfaces, const struct config *config, struct meter *meter,
                    struct error *error) {
    *interfaces = (struct interfaces){.meter = meter, .link_type = -1, .wanted = config->capture.filter};
    if (capture_options_interfaces(config->capture.interface, &interfaces->names, error) != 0) return -1;
    for (unsigned i = 0; i < interfaces->names.n; i++) {
        struct capture_config *one = &interfaces->configs[i];
        *one = (struct capture_config){.interface = interfaces->names.at[i],
                                       .filter = config->capture.filter,
                                       .promiscuous = config->capture.promiscuous,
                                       .snaplen = (uint32_t)config->capture.snaplen,
                                       .buffer = config->capture.buffer};
        if (is_any(interfaces)) any_prepare(interfaces, one);
        interfaces->captures[i] = capture_open(one, error);
        if (!interfaces->captures[i] || link_type_tell(interfaces, interfaces->captures[i], error) != 0) return -1;
    }
    return 0;
}

void interfaces_close(struct interfaces *interfaces) {
    for (unsigned i = 0; i < interfaces->names.n; i++)
        capture_close(interfaces->captures[i]);
    free(interfaces->filter);
}

void interfaces_wait(struct interfaces *interfaces, int wait_ms) {
    capture_wait(interfaces->captures, interfaces->names.n, wait_ms);
}

static void on_frame(void *context, const struct capture_frame *frame) {
    meter_frame(context, frame->bytes, frame->captured, frame->original, frame->time_us);
}

int interfaces_read(struct interfaces *interfaces, struct error *error) {
    for (unsigned i = 0; i < interfaces->names.n; i++) {
        struct capture *capture = interfaces->captures[i];
        if (link_type_tell(interfaces, capture, error) != 0) return -1;
        meter_origin(interfaces->meter, capture_origin(capture));
        if (capture_read(capture, on_frame, interfaces->meter, error) < 0) return -1;
    }
    return 0;
}

void interfaces_look(struct interfaces *interfaces) {
    for (unsigned i = 0; i < interfaces->names.n; i++)
        capture_look(interfaces->captures[i]);
    if (is_any(interfaces) && ++interfaces->looks % ANY_EVERY == 0) any_look(interfaces);
}

struct capture_counters interfaces_counters(const struct interfaces *interfaces) {
    struct capture_counters sum = {.up = true};
    for (unsigned i = 0; i < interfaces->names.n; i++) {
        const struct capture_counters *one = capture_counters(interfaces->captures[i]);
        sum.frames += one->frames;
        sum.dropped += one->dropped;
        sum.interface_dropped += one->interface_dropped;
        sum.downs += one->downs;
        sum.up = sum.up && one->up;
    }
    return sum;
}

void interfaces_show(const struct interfaces *interfaces, struct show *show) {
    const struct capture_counters sum = interfaces_counters(interfaces);
    show_gauge(show, "up", "Whether the interface is up; of several, whether all are.", sum.up);
    show_counter(show, "downs_total", "The number of times that the interface went down.", sum.downs);
    show_counter(show, "frames_total", "Frames captured.", sum.frames);
    show_counter(show, "kernel_dropped_total", "Frames that the kernel dropped because its ring was full.",
                 sum.dropped);
    show_counter(show, "interface_dropped_total", "Frames that the interface dropped, if it reports them.",
                 sum.interface_dropped);
    show_family(show, SHOW_COUNTER, "frames_by_interface_total", "interface", "Frames captured, by interface.");
    for (unsigned i = 0; i < interfaces->names.n; i++)
        show_member(show, interfaces->names.at[i], capture_counters(interfaces->captures[i])->frames);
}

void interfaces_problems(const struct interfaces *interfaces, struct buffer *out) {
    for (unsigned i = 0; i < interfaces->names.n; i++)
        if (!capture_counters(interfaces->captures[i])->up)
            buffer_printf(out, "capture: interface '%s' is down\n", interfaces->names.at[i]);
}
