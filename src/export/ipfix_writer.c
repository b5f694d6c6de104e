/* Flow records into messages: templates compiled once for each rule, then a copy and a byte swap for each field. */
#include "export/ipfix_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/bytes.h"
#include "base/mem.h"

enum {
    FIRST_TEMPLATE = 256, /* lower set ids are the protocols' own */
    REVERSE_PEN = 29305,  /* RFC 5103 */
    ENTERPRISE_BIT = 0x8000,
    V9_ELEMENTS = 128, /* numbers below are the same in NetFlow v9 */
    V9_SCOPE_SYSTEM = 1,
    VARIANTS = 2 * FLOW_FAMILIES, /* templates of a rule: plain and biflow */
    FIELDS_MAX = 2 * METER_FIELDS_MAX,
    UPTIME_MARGIN = DAY_SECONDS,
    UPTIME_MAX = UINT32_MAX / 1000, /* seconds: 49.7 days */
};

/* How a value is written. */
enum wire_kind {
    WIRE_NUMBER,
    WIRE_COUNT, /* a number that was multiplied by the sampling interval */
    WIRE_BYTES,
    WIRE_LABEL, /* 20 bits, in the upper ones of 3 bytes */
    WIRE_SECONDS,
    WIRE_MILLISECONDS,
    WIRE_NTP,    /* microseconds and nanoseconds (RFC 7011, 6.1.9) */
    WIRE_UPTIME, /* NetFlow v9: milliseconds since the boot */
};

struct wire_field {
    uint16_t id;
    uint16_t from;         /* offset in struct meter_flow */
    uint8_t kind;          /* enum wire_kind */
    uint8_t held, written; /* bytes in struct meter_flow, in the record */
    bool reverse;
};

struct wire_template {
    unsigned n, bytes; /* fields; of a record */
    struct wire_field fields[FIELDS_MAX];
};

struct ipfix_writer {
    struct ipfix_config config;
    bool *biflow;                    /* by rule */
    struct wire_template *templates; /* VARIANTS of each rule */
    unsigned size;                   /* of a message: a multiple of 4 */
    size_t header;                   /* bytes of the message header */
    /* The message under way. */
    uint8_t *message;
    size_t len;
    size_t set;         /* where the open set begins; 0: none */
    unsigned set_bytes; /* of a record in it; 0: they differ */
    unsigned flows;     /* flow records, which IPFIX counts */
    unsigned records;   /* templates too, which NetFlow v9 counts */
    bool booted;
    int64_t boot; /* NetFlow v9: seconds since 1970 */
};

_Static_assert((20 + 4 + METER_FIELDS_MAX * 16 + METER_FIELDS_MAX * 8 + 3) / 4 * 4 <= IPFIX_MESSAGE_MIN,
               "the longest record fits: 16 bytes a field, 8 bytes a reverse one");
_Static_assert(20 + 4 + 4 + METER_FIELDS_MAX * 4 + METER_FIELDS_MAX * 8 <= IPFIX_MESSAGE_MIN,
               "the longest template fits");
_Static_assert(FIRST_TEMPLATE + VARIANTS * IPFIX_RULES_MAX < 65536, "every rule's templates have a number");

/* --- templates --- */

/* Elements that NetFlow v9 has under a number of its own, and what it has no number for: 0. */
static uint16_t v9_id(uint16_t id) {
    static const struct {
        uint16_t id, v9;
    } numbers[] = {
        {IE_flowStartSeconds, IE_flowStartSysUpTime},
        {IE_flowEndSeconds, IE_flowEndSysUpTime},
        {IE_flowStartMilliseconds, IE_flowStartSysUpTime},
        {IE_flowEndMilliseconds, IE_flowEndSysUpTime},
        {IE_flowStartMicroseconds, IE_flowStartSysUpTime},
        {IE_flowEndMicroseconds, IE_flowEndSysUpTime},
        {IE_flowStartNanoseconds, IE_flowStartSysUpTime},
        {IE_flowEndNanoseconds, IE_flowEndSysUpTime},
        {IE_icmpTypeCodeIPv6, IE_icmpTypeCodeIPv4},
        {IE_ipTTL, IE_minimumTTL},
        {IE_dot1qVlanId, IE_vlanId},
    };
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].id == id) return numbers[i].v9;
    return id < V9_ELEMENTS ? id : 0;
}

static struct wire_field field_compile(const struct meter_field *field, enum flow_family family, bool netflow9) {
    static const uint8_t kinds[] = {
        [ELEMENT_MAC_ADDRESS] = WIRE_BYTES,
        [ELEMENT_DATE_TIME_SECONDS] = WIRE_SECONDS,
        [ELEMENT_DATE_TIME_MILLISECONDS] = WIRE_MILLISECONDS,
        [ELEMENT_DATE_TIME_MICROSECONDS] = WIRE_NTP,
        [ELEMENT_DATE_TIME_NANOSECONDS] = WIRE_NTP,
        [ELEMENT_IPV4_ADDRESS] = WIRE_BYTES,
        [ELEMENT_IPV6_ADDRESS] = WIRE_BYTES,
    };
    bool other = family == FLOW_IPV6 && field->name6;
    uint16_t id = other ? field->id6 : field->id;
    uint8_t type = other && field->type == ELEMENT_IPV4_ADDRESS ? (uint8_t)ELEMENT_IPV6_ADDRESS : field->type;
    struct wire_field wire = {.id = netflow9 ? v9_id(id) : id, .from = field->offset, .held = (uint8_t)field->width};
    wire.kind = kinds[type];
    wire.written = (uint8_t)element_width(&(struct element){.type = type});
    if (field->offset == offsetof(struct meter_flow, forward.packets) ||
        field->offset == offsetof(struct meter_flow, forward.octets))
        wire.kind = WIRE_COUNT;
    if (id == IE_tcpControlBits) wire.written = 1; /* the flags; collectors there are that read no 2 bytes */
    if (id == IE_mplsTopLabelStackSection) {
        wire.kind = WIRE_LABEL;
        wire.written = 3;
    }
    if (netflow9 && (wire.id == IE_flowStartSysUpTime || wire.id == IE_flowEndSysUpTime)) {
        wire.kind = WIRE_UPTIME;
        wire.written = 4;
    }
    return wire;
}

/* A field that is there already is left out: times in two units are one in NetFlow v9. */
static void field_add(struct wire_template *out, struct wire_field wire) {
    for (unsigned i = 0; i < out->n; i++)
        if (out->fields[i].id == wire.id && out->fields[i].reverse == wire.reverse) return;
    out->fields[out->n++] = wire;
    out->bytes += wire.written;
}

/* The reverse direction's fields come first: of elements that it doesn't tell from the forward ones a collector takes
 * the last. */
static void template_compile(struct wire_template *out, const struct meter_template *template, enum flow_family family,
                             bool biflow, bool netflow9) {
    for (unsigned i = 0; biflow && i < template->n; i++) {
        struct wire_field wire = field_compile(template->fields[i], family, netflow9);
        if (!template->fields[i]->reversible) continue;
        wire.from = (uint16_t)(wire.from + offsetof(struct meter_flow, reverse) - offsetof(struct meter_flow, forward));
        wire.reverse = true;
        field_add(out, wire);
    }
    for (unsigned i = 0; i < template->n; i++) {
        struct wire_field wire = field_compile(template->fields[i], family, netflow9);
        if (wire.id) field_add(out, wire);
    }
}

static unsigned variant(unsigned rule, bool biflow, uint8_t family) {
    return rule * VARIANTS + biflow * FLOW_FAMILIES + family;
}

struct ipfix_writer *ipfix_writer_new(const struct ipfix_config *config) {
    struct ipfix_writer *writer = mem_zalloc(1, sizeof *writer);
    writer->config = *config;
    writer->size = config->message_bytes / 4 * 4;
    writer->header = config->netflow9 ? 20 : 16;
    writer->len = writer->header;
    writer->message = mem_zalloc(1, writer->size);
    writer->biflow = mem_zalloc(config->n_templates, sizeof *writer->biflow);
    writer->templates = mem_zalloc((size_t)VARIANTS * config->n_templates, sizeof *writer->templates);
    for (unsigned rule = 0; rule < config->n_templates; rule++) {
        writer->biflow[rule] = config->templates[rule].biflow && !config->netflow9 && !config->uniflows;
        for (unsigned biflow = 0; biflow <= writer->biflow[rule]; biflow++)
            for (uint8_t family = 0; family < FLOW_FAMILIES; family++)
                template_compile(&writer->templates[variant(rule, biflow, family)], &config->templates[rule],
                                 (enum flow_family)family, biflow, config->netflow9);
    }
    writer->config.templates = NULL;
    return writer;
}

void ipfix_writer_free(struct ipfix_writer *writer) {
    if (!writer) return;
    free(writer->message);
    free(writer->biflow);
    free(writer->templates);
    free(writer);
}

/* --- messages --- */

/* Padded to 4 bytes, unless the padding could be taken for a record (RFC 7011, 3.3.1). */
static void set_close(struct ipfix_writer *writer) {
    if (!writer->set) return;
    size_t padded = (writer->len + 3) / 4 * 4, padding = padded - writer->len;
    if (!writer->set_bytes || padding < writer->set_bytes) {
        memset(writer->message + writer->len, 0, padding);
        writer->len = padded;
    }
    be_put(writer->message + writer->set + 2, writer->len - writer->set, 2);
    writer->set = 0;
}

static void message_finish(struct ipfix_writer *writer, int64_t now_us) {
    uint64_t now = (uint64_t)(now_us / 1000000);
    if (writer->len == writer->header) return;
    set_close(writer);
    if (writer->config.netflow9) {
        /* Both in whole seconds, so that a collector's difference of the two is the boot to the millisecond. */
        int64_t up = now_us / 1000000 - writer->boot;
        uint8_t *out = be_put(be_put(writer->message, 9, 2), writer->records, 2);
        out = be_put(be_put(out, (uint64_t)(up < 0 ? 0 : up) * 1000, 4), now, 4);
        be_put(be_put(out, 0, 4), writer->config.domain, 4);
    } else {
        uint8_t *out = be_put(be_put(writer->message, 10, 2), writer->len, 2);
        be_put(be_put(be_put(out, now, 4), 0, 4), writer->config.domain, 4);
    }
    size_t len = writer->len;
    unsigned flows = writer->flows;
    writer->len = writer->header;
    writer->flows = writer->records = 0;
    writer->config.send(writer->config.context, writer->message, len, flows);
}

uint32_t ipfix_message_stamp(uint8_t *message, unsigned records, uint32_t sequence) {
    bool netflow9 = message[1] == 9;
    be_put(message + (netflow9 ? 12 : 8), sequence, 4);
    return sequence + (netflow9 ? 1 : records);
}

/* Room for a record of `bytes` in a set of this id; each is `alike` bytes, or 0. */
static uint8_t *record_begin(struct ipfix_writer *writer, unsigned set_id, size_t bytes, unsigned alike,
                             int64_t now_us) {
    bool opens = !writer->set || be16(writer->message + writer->set) != set_id;
    if (opens) set_close(writer);
    if ((writer->len + 4 * opens + bytes + 3) / 4 * 4 > writer->size) {
        message_finish(writer, now_us);
        opens = true;
    }
    if (opens) {
        writer->set = writer->len;
        writer->set_bytes = alike;
        be_put(writer->message + writer->len, set_id, 2);
        writer->len += 4;
    }
    uint8_t *at = writer->message + writer->len;
    writer->len += bytes;
    writer->records++;
    return at;
}

/* NetFlow v9: moves the boot where the time since then could not be written, or this flow's time. Where it comes later
 * than it was, collectors take that for a restart and forget the templates. */
static void boot_follow(struct ipfix_writer *writer, int64_t start_us, int64_t now_us) {
    int64_t now = now_us / 1000000, start = start_us / 1000000, boot = writer->boot;
    if (writer->booted && start >= boot && now - boot <= UPTIME_MAX) return;
    boot = (start < now ? start : now) - UPTIME_MARGIN;
    if (now - boot > UPTIME_MAX) boot = now - UPTIME_MAX;
    if (writer->booted && boot == writer->boot) return;
    bool again = writer->booted && boot > writer->boot;
    message_finish(writer, now_us);
    writer->boot = boot;
    writer->booted = true;
    if (again) ipfix_writer_templates(writer, now_us);
}

/* --- records --- */

static void template_write(struct ipfix_writer *writer, unsigned id, const struct wire_template *template,
                           int64_t now_us) {
    size_t bytes = 4;
    for (unsigned i = 0; i < template->n; i++)
        bytes += template->fields[i].reverse ? 8 : 4;
    uint8_t *out = record_begin(writer, writer->config.netflow9 ? 0 : 2, bytes, 0, now_us);
    out = be_put(be_put(out, id, 2), template->n, 2);
    for (unsigned i = 0; i < template->n; i++) {
        const struct wire_field *field = &template->fields[i];
        out = be_put(be_put(out, field->id | (field->reverse ? ENTERPRISE_BIT : 0), 2), field->written, 2);
        if (field->reverse) out = be_put(out, REVERSE_PEN, 4);
    }
}

/* An options template, and behind it the record of it: the fields with their widths and values, of which the first is
 * the scope. */
struct option_field {
    uint16_t id, width;
    uint32_t value;
};
static void options_write(struct ipfix_writer *writer, unsigned id, const struct option_field *fields, unsigned n,
                          int64_t now_us) {
    bool netflow9 = writer->config.netflow9;
    unsigned bytes = 0;
    uint8_t *out = record_begin(writer, netflow9 ? 1 : 3, 6 + 4 * n, 0, now_us);
    if (netflow9)
        out = be_put(be_put(be_put(out, id, 2), 4, 2), 4 * (n - 1),
                     2); /* bytes of the scope's fields, and of the others */
    else
        out = be_put(be_put(be_put(out, id, 2), n, 2), 1, 2); /* fields, and those of the scope among them */
    for (unsigned i = 0; i < n; i++) {
        out = be_put(be_put(out, fields[i].id, 2), fields[i].width, 2);
        bytes += fields[i].width;
    }
    out = record_begin(writer, id, bytes, bytes, now_us);
    for (unsigned i = 0; i < n; i++)
        out = be_put(out, fields[i].value, fields[i].width);
    writer->flows++;
}

/* The sampling of the domain. IPFIX: of so many packets taken, and so many left out after them; NetFlow v9: 1 in N. It
 * is sent without the algorithm and with it, because nfcapd 1.7.1 ignores the one and nfcapd 1.7.5 the other. */
static void sampling_write(struct ipfix_writer *writer, unsigned id, int64_t now_us) {
    const struct option_field system = {V9_SCOPE_SYSTEM, 4, writer->config.domain};
    const struct option_field interval = {IE_samplingInterval, 4, writer->config.sampling};
    const struct option_field deterministic = {IE_samplingAlgorithm, 1, 1};
    const struct option_field domain = {IE_observationDomainId, 4, writer->config.domain};
    const struct option_field taken = {IE_samplingPacketInterval, 4, 1};
    const struct option_field left_out = {IE_samplingPacketSpace, 4, writer->config.sampling - 1};
    const struct option_field count_based = {IE_selectorAlgorithm, 2, 1};
    if (writer->config.netflow9) {
        options_write(writer, id, (const struct option_field[]){system, interval}, 2, now_us);
        options_write(writer, id + 1, (const struct option_field[]){system, interval, deterministic}, 3, now_us);
    } else {
        options_write(writer, id, (const struct option_field[]){domain, taken, left_out}, 3, now_us);
        options_write(writer, id + 1, (const struct option_field[]){domain, count_based, taken, left_out}, 4, now_us);
    }
}

void ipfix_writer_templates(struct ipfix_writer *writer, int64_t now_us) {
    unsigned n = writer->config.n_templates * VARIANTS;
    if (writer->config.netflow9) boot_follow(writer, now_us, now_us);
    for (unsigned i = 0; i < n; i++)
        if (writer->templates[i].n > 0) template_write(writer, FIRST_TEMPLATE + i, &writer->templates[i], now_us);
    if (writer->config.sampling > 1) sampling_write(writer, FIRST_TEMPLATE + n, now_us);
}

/* The fraction is rounded up to what microseconds may have of its bits, and so reads back as the same microsecond. */
static uint64_t ntp(int64_t us) {
    uint64_t fraction = (((uint64_t)(us % 1000000) << 32) + 999999) / 1000000;
    return (uint64_t)(us / 1000000 + NTP_EPOCH) << 32 | ((fraction + 0x7ff) & ~UINT64_C(0x7ff));
}

static uint64_t uptime(const struct ipfix_writer *writer, int64_t us) {
    int64_t ms = us / 1000 - writer->boot * 1000;
    return ms < 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint64_t)ms;
}

static void record_write(struct ipfix_writer *writer, unsigned index, const struct meter_flow *flow, int64_t now_us) {
    const struct wire_template *template = &writer->templates[index];
    if (template->n == 0) return;
    uint8_t *out = record_begin(writer, FIRST_TEMPLATE + index, template->bytes, template->bytes, now_us);
    for (unsigned i = 0; i < template->n; i++) {
        const struct wire_field *field = &template->fields[i];
        const uint8_t *from = (const uint8_t *)flow + field->from;
        if (field->kind == WIRE_BYTES) {
            memcpy(out, from, field->written);
            out += field->written;
            continue;
        }
        uint64_t value = host_number(from, field->held);
        switch (field->kind) {
        case WIRE_COUNT: value /= writer->config.sampling; break;
        case WIRE_LABEL: value <<= 4; break;
        case WIRE_SECONDS: value /= 1000000; break;
        case WIRE_MILLISECONDS: value /= 1000; break;
        case WIRE_NTP: value = ntp((int64_t)value); break;
        case WIRE_UPTIME: value = uptime(writer, (int64_t)value); break;
        default: break;
        }
        out = be_put(out, value, field->written);
    }
    writer->flows++;
}

/* The reverse direction as a flow of its own. */
static struct meter_flow flow_reverse(const struct meter_flow *flow) {
    struct meter_flow other = *flow;
    memcpy(other.source, flow->destination, sizeof other.source);
    memcpy(other.destination, flow->source, sizeof other.destination);
    memcpy(other.source_mac, flow->destination_mac, sizeof other.source_mac);
    memcpy(other.destination_mac, flow->source_mac, sizeof other.destination_mac);
    other.source_port = flow->destination_port;
    other.destination_port = flow->source_port;
    other.forward = flow->reverse;
    return other;
}

void ipfix_writer_flow(struct ipfix_writer *writer, unsigned rule, const struct meter_flow *flow, int64_t now_us) {
    bool two = flow->reverse.packets > 0;
    if (writer->config.netflow9) {
        int64_t start = flow->forward.start_us;
        boot_follow(writer, two && flow->reverse.start_us < start ? flow->reverse.start_us : start, now_us);
    }
    record_write(writer, variant(rule, two && writer->biflow[rule], flow->family), flow, now_us);
    if (two && !writer->biflow[rule]) {
        struct meter_flow other = flow_reverse(flow);
        record_write(writer, variant(rule, false, flow->family), &other, now_us);
    }
}

void ipfix_writer_flush(struct ipfix_writer *writer, int64_t now_us) { message_finish(writer, now_us); }

bool ipfix_writer_is_empty(const struct ipfix_writer *writer) { return writer->len == writer->header; }
