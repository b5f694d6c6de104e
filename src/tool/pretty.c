/* Flows in columns. */
#include "tool/pretty.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "flow/entry.h"
#include "flow/names.h"
#include "tool/units.h"

enum { END_TEXT = INET6_ADDRSTRLEN + 32, NUMBER_TEXT = 32 };

struct pretty {
    struct flow_layout layout; /* the five-tuple, packets and octets */
    struct entry_decoder *decoder;
    bool begun;
};

struct pretty *pretty_new(void) {
    struct pretty *pretty = mem_zalloc(1, sizeof *pretty);
    (void)!flow_layout_init(&pretty->layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, NULL); /* the defaults can't fail */
    pretty->decoder = entry_decoder_new(&pretty->layout);
    return pretty;
}

void pretty_free(struct pretty *pretty) {
    if (!pretty) return;
    entry_decoder_free(pretty->decoder);
    free(pretty);
}

static const uint8_t *value(const struct pretty *pretty, const struct flow_record *record, unsigned field) {
    return record->key + pretty->layout.fields[field].offset[record->family];
}

static unsigned port_of(const struct pretty *pretty, const struct flow_record *record, unsigned field) {
    return be16(value(pretty, record, field));
}

/* "192.0.2.1:443", "[2001:db8::1]:443"; without ports "192.0.2.1". */
static void end_show(const struct pretty *pretty, const struct flow_record *record, unsigned address, unsigned port,
                     bool ports, char text[END_TEXT]) {
    bool ipv6 = record->family == FLOW_IPV6;
    char shown[INET6_ADDRSTRLEN] = "";
    inet_ntop(ipv6 ? AF_INET6 : AF_INET, value(pretty, record, address), shown, sizeof shown);
    if (ports)
        snprintf(text, END_TEXT, ipv6 ? "[%s]:%u" : "%s:%u", shown, port_of(pretty, record, port));
    else
        snprintf(text, END_TEXT, "%s", shown);
}

static void record_show(const struct pretty *pretty, const struct flow_record *record, struct buffer *out) {
    uint8_t protocol = *value(pretty, record, TUPLE_PROTOCOL);
    enum proto_class class = proto_class(protocol);
    char start[CLOCK_TEXT], age[NUMBER_TEXT], name[NUMBER_TEXT], source[END_TEXT], destination[END_TEXT];
    char packets[NUMBER_TEXT], octets[NUMBER_TEXT];
    snprintf(name, sizeof name, "%u", protocol);
    if (protocol_name(protocol)) snprintf(name, sizeof name, "%s", protocol_name(protocol));
    bool ports = class != PROTO_ICMP && (port_of(pretty, record, TUPLE_SOURCE_PORT) != 0 ||
                                         port_of(pretty, record, TUPLE_DESTINATION_PORT) != 0);
    end_show(pretty, record, TUPLE_SOURCE, TUPLE_SOURCE_PORT, ports, source);
    end_show(pretty, record, TUPLE_DESTINATION, TUPLE_DESTINATION_PORT, ports, destination);
    int64_t seconds = (int64_t)record->end - record->start;
    buffer_printf(out, "%s %9s  %-9s %9s %9s  %21s > %s", clock_show(record->start, start),
                  units_age(seconds < 0 ? 0 : seconds, age, sizeof age), name,
                  units_count(record->sums[0], "", packets, sizeof packets),
                  units_count(record->sums[1], "B", octets, sizeof octets), source, destination);
    unsigned type = port_of(pretty, record, TUPLE_DESTINATION_PORT);
    /* Of a biflow's other direction the ports are exchanged. */
    if (class == PROTO_ICMP && type == 0) type = port_of(pretty, record, TUPLE_SOURCE_PORT);
    if (class == PROTO_ICMP) buffer_printf(out, "  type %u code %u", type >> 8, type & 0xff);
    if (ports && service_name((uint16_t)type, protocol))
        buffer_printf(out, "  %s", service_name((uint16_t)type, protocol));
    buffer_add_text(out, "\n");
}

struct showing {
    struct pretty *pretty;
    struct buffer *out;
};

static void records_show(const struct showing *showing, const struct flow_record *records, unsigned n) {
    struct pretty *pretty = showing->pretty;
    if (!pretty->begun)
        buffer_printf(showing->out, "%-20s %9s  %-9s %9s %9s  %21s > %s\n", "start", "length", "protocol", "packets",
                      "octets", "from", "to");
    pretty->begun = true;
    for (unsigned i = 0; i < n; i++)
        record_show(pretty, &records[i], showing->out);
}

static bool list_show(void *context, struct flow_record *records, unsigned n, struct reject *reject) {
    (void)reject;
    records_show(context, records, n);
    return true;
}

int pretty_write(struct pretty *pretty, const char *text, size_t len, struct buffer *out, struct reject *reject) {
    struct flow_record records[ENTRY_RECORDS_MAX];
    int n = entry_decode(pretty->decoder, ENTRY_ANY, text, len, records, reject);
    const struct showing showing = {pretty, out};
    if (n == ENTRY_IS_LIST)
        return entry_decode_list(pretty->decoder, text, len, list_show, (void *)(uintptr_t)&showing, reject) ? 0 : -1;
    if (n <= 0) return -1;
    records_show(&showing, records, (unsigned)n);
    return 0;
}
