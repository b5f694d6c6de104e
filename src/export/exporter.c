/* The collectors' URLs, and every flow to each of them. */
#include "export/exporter.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/url.h"
#include "export/destination.h"

enum { IPFIX_PORT = 4739, NETFLOW_PORT = 2055 };

struct exporter {
    struct exporter_config config;
    struct event *tick;
    unsigned n;
    struct destination *destinations[EXPORTER_COLLECTORS];
};

/* --- URLs --- */

static int collector_parse(struct url *url, struct destination_target *target, const char *text, struct error *error) {
    if (url_parse(url, text, error) != 0) return -1;
    target->tcp = strcmp(url->scheme, "tcp") == 0;
    target->netflow9 = url_param(url, "v9") != NULL;
    target->uniflows = url_param(url, "uniflows") != NULL;
    if (!url->port) url->port = target->netflow9 ? NETFLOW_PORT : IPFIX_PORT;
    bool scheme = target->tcp ? !target->netflow9 : strcmp(url->scheme, "udp") == 0;
    if (scheme && url->host && !url->user && !url->path && url->n_params <= 1 &&
        url->n_params == (unsigned)target->netflow9 + target->uniflows)
        return 0;
    url_release(url);
    return error_set(error,
                     "'%s' is not accepted: expected udp://host[:4739], tcp://host[:4739], either with ?uniflows, or "
                     "udp://host[:2055]?v9",
                     text);
}

/* Calls `take` with each URL; -1 as soon as that does. */
static int collectors_each(const char *list, int (*take)(void *context, const char *url, struct error *error),
                           void *context, struct error *error) {
    static const char separators[] = ", \t";
    for (unsigned n = 0; *(list += strspn(list, separators)); n++) {
        size_t len = strcspn(list, separators);
        if (n == EXPORTER_COLLECTORS) return error_set(error, "more than %d collectors", EXPORTER_COLLECTORS);
        char *url = mem_strndup(list, len);
        int failed = take(context, url, error);
        free(url);
        if (failed) return -1;
        list += len;
    }
    return 0;
}

static int collector_check(void *context, const char *text, struct error *error) {
    struct destination_target target;
    struct url url;
    (void)context;
    if (collector_parse(&url, &target, text, error) != 0) return -1;
    url_release(&url);
    return 0;
}

int exporter_check(const char *collectors, struct error *error) {
    return collectors_each(collectors, collector_check, NULL, error);
}

static int collector_find(void *context, const char *text, struct error *error) {
    struct destination_target target;
    struct addrinfo *found;
    struct url url;
    (void)context;
    if (collector_parse(&url, &target, text, error) != 0) return -1;
    int code = getaddrinfo(url.host, NULL, NULL, &found);
    if (code == 0)
        freeaddrinfo(found);
    else
        error_set(error, "'%s': %s", url.host, gai_strerror(code));
    url_release(&url);
    return code == 0 ? 0 : -1;
}

int exporter_find(const char *collectors, struct error *error) {
    return collectors_each(collectors, collector_find, NULL, error);
}

/* --- the exporter --- */

static int collector_add(void *context, const char *text, struct error *error) {
    struct exporter *exporter = context;
    struct destination_target target = {.url = NULL};
    struct url url;
    if (collector_parse(&url, &target, text, error) != 0) return -1;
    target.url = mem_strdup(text);
    target.host = mem_strdup(url.host);
    target.port = url.port;
    url_release(&url);
    exporter->destinations[exporter->n++] = destination_new(event_get_base(exporter->tick), &target, &exporter->config);
    return 0;
}

static void on_tick(evutil_socket_t fd, short what, void *context) {
    struct exporter *exporter = context;
    int64_t now = clock_now_us(exporter->config.clock);
    (void)fd;
    (void)what;
    for (unsigned i = 0; i < exporter->n; i++)
        destination_tick(exporter->destinations[i], now);
}

struct exporter *exporter_new(struct event_base *base, const struct exporter_config *config, struct error *error) {
    static const struct timeval tick = {.tv_sec = EXPORTER_DELAY_MS / 1000, .tv_usec = EXPORTER_DELAY_MS % 1000 * 1000};
    struct exporter *exporter = mem_zalloc(1, sizeof *exporter);
    exporter->config = *config;
    exporter->tick = event_new(base, -1, EV_PERSIST, on_tick, exporter);
    event_add(exporter->tick, &tick);
    if (collectors_each(config->collectors, collector_add, exporter, error) != 0) {
        exporter_free(exporter);
        return NULL;
    }
    exporter->config.templates = NULL;
    return exporter;
}

void exporter_free(struct exporter *exporter) {
    if (!exporter) return;
    for (unsigned i = 0; i < exporter->n; i++)
        destination_free(exporter->destinations[i]);
    event_free(exporter->tick);
    free(exporter);
}

void exporter_put(struct exporter *exporter, unsigned rule, const struct meter_flow *flow) {
    int64_t now = clock_now_us(exporter->config.clock);
    for (unsigned i = 0; i < exporter->n; i++)
        destination_flow(exporter->destinations[i], rule, flow, now);
}

void exporter_flush(struct exporter *exporter) {
    int64_t now = clock_now_us(exporter->config.clock);
    for (unsigned i = 0; i < exporter->n; i++)
        destination_flush(exporter->destinations[i], now);
}

size_t exporter_backlog(const struct exporter *exporter) {
    size_t most = 0;
    for (unsigned i = 0; i < exporter->n; i++) {
        size_t bytes = destination_backlog(exporter->destinations[i]);
        if (bytes > most) most = bytes;
    }
    return most;
}

uint64_t exporter_lost(const struct exporter *exporter) {
    uint64_t lost = 0;
    for (unsigned i = 0; i < exporter->n; i++)
        lost += destination_status(exporter->destinations[i])->lost;
    return lost;
}

void exporter_show(const struct exporter *exporter, struct show *show) {
    static const struct {
        enum show_type type;
        const char *name, *help;
        size_t offset;
    } families[] = {
        {SHOW_COUNTER, "messages_total", "Messages sent.", offsetof(struct destination_status, messages)},
        {SHOW_COUNTER, "records_total", "Data records sent.", offsetof(struct destination_status, records)},
        {SHOW_COUNTER, "bytes_total", "Bytes of messages sent.", offsetof(struct destination_status, octets)},
        {SHOW_COUNTER, "lost_total", "Data records discarded because the collector was away or slow.",
         offsetof(struct destination_status, lost)},
        {SHOW_COUNTER, "failures_total", "Errors while sending and connecting.",
         offsetof(struct destination_status, failures)},
        {SHOW_GAUGE, "queue_bytes", "Bytes waiting to be sent.", offsetof(struct destination_status, queued)},
    };
    show_module(show, "export");
    for (unsigned f = 0; f < sizeof families / sizeof families[0]; f++) {
        show_family(show, families[f].type, families[f].name, "collector", families[f].help);
        for (unsigned i = 0; i < exporter->n; i++) {
            const struct destination_status *status = destination_status(exporter->destinations[i]);
            uint64_t value;
            memcpy(&value, (const char *)status + families[f].offset, sizeof value);
            show_member(show, destination_url(exporter->destinations[i]), value);
        }
    }
}

void exporter_problems(const struct exporter *exporter, struct buffer *out) {
    for (unsigned i = 0; i < exporter->n; i++) {
        const char *problem = destination_status(exporter->destinations[i])->problem;
        if (*problem) buffer_printf(out, "export: %s: %s\n", destination_url(exporter->destinations[i]), problem);
    }
}
