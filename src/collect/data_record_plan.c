/* Making a plan: which field of a template gives which value, what stands in where it has none, and where it goes. */
#include "collect/data_record_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum {
    IDS = 512, /* above every element's */
    NO_KIND = -1,
    NOTHING = -1,
};

/* What stands in for an element that a template lacks: the first of these that it has, else the constant (NOTHING:
 * none), by which a flow is one flow, and has a packet at least. A firewall's event may be one flow of nothing. */
static const struct substitute {
    uint16_t id;
    int8_t constant;
    uint16_t instead[8];
} substitutes[] = {
    {IE_octetDeltaCount,
     0,
     {IE_postOctetDeltaCount, IE_initiatorOctets, IE_octetTotalCount, IE_postOctetTotalCount, IE_layer2OctetDeltaCount,
      IE_postLayer2OctetDeltaCount, IE_layer2OctetTotalCount, IE_postLayer2OctetTotalCount}},
    {IE_packetDeltaCount,
     1,
     {IE_postPacketDeltaCount, IE_initiatorPackets, IE_packetTotalCount, IE_postPacketTotalCount,
      IE_layer2FrameDeltaCount, IE_layer2FrameTotalCount}},
    {IE_deltaFlowCount, 1, {0}},
    {IE_protocolIdentifier, NOTHING, {IE_nextHeaderIPv6}},
    {IE_sourceTransportPort, NOTHING, {IE_tcpSourcePort, IE_udpSourcePort}},
    {IE_destinationTransportPort, NOTHING, {IE_tcpDestinationPort, IE_udpDestinationPort}},
    {IE_sourceIPv4Address, NOTHING, {IE_sourceIPv4Prefix}},
    {IE_destinationIPv4Address, NOTHING, {IE_destinationIPv4Prefix}},
    {IE_sourceIPv6Address, NOTHING, {IE_sourceIPv6Prefix}},
    {IE_destinationIPv6Address, NOTHING, {IE_destinationIPv6Prefix}},
    {IE_ingressInterface, NOTHING, {IE_ingressPhysicalInterface}},
    {IE_egressInterface, NOTHING, {IE_egressPhysicalInterface}},
    {IE_sourceMacAddress, NOTHING, {IE_postSourceMacAddress}},
    {IE_destinationMacAddress, NOTHING, {IE_postDestinationMacAddress}},
    {IE_vlanId, NOTHING, {IE_dot1qVlanId}},
    {IE_postVlanId, NOTHING, {IE_postDot1qVlanId}},
    {IE_dot1qVlanId, NOTHING, {IE_vlanId}},
    {IE_postDot1qVlanId, NOTHING, {IE_postVlanId}},
};

/* Counters of the same packets before and behind an exporter: where the first is 0 in a record (it leaves by a tunnel,
 * or was made here), the second tells. Never both, which would count it twice. */
static const uint16_t before_and_behind[][2] = {
    {IE_octetDeltaCount, IE_postOctetDeltaCount},
    {IE_packetDeltaCount, IE_postPacketDeltaCount},
    {IE_octetTotalCount, IE_postOctetTotalCount},
    {IE_packetTotalCount, IE_postPacketTotalCount},
    {IE_layer2OctetDeltaCount, IE_postLayer2OctetDeltaCount},
    {IE_layer2OctetTotalCount, IE_postLayer2OctetTotalCount},
};

/* Counters of all that came of a flow so far. */
static const uint16_t totals[] = {IE_octetTotalCount,          IE_packetTotalCount,      IE_postOctetTotalCount,
                                  IE_postPacketTotalCount,     IE_layer2OctetTotalCount, IE_layer2FrameTotalCount,
                                  IE_postLayer2OctetTotalCount};

/* Octets and packets: what a sampling exporter saw only a part of. */
static const uint16_t scaled[] = {IE_octetDeltaCount,           IE_packetDeltaCount,
                                  IE_postMCastPacketDeltaCount, IE_postMCastOctetDeltaCount,
                                  IE_postOctetDeltaCount,       IE_postPacketDeltaCount,
                                  IE_octetTotalCount,           IE_packetTotalCount,
                                  IE_postOctetTotalCount,       IE_postPacketTotalCount,
                                  IE_postMCastPacketTotalCount, IE_postMCastOctetTotalCount,
                                  IE_tcpSynTotalCount,          IE_tcpFinTotalCount,
                                  IE_tcpRstTotalCount,          IE_tcpPshTotalCount,
                                  IE_tcpAckTotalCount,          IE_tcpUrgTotalCount,
                                  IE_initiatorOctets,           IE_responderOctets,
                                  IE_initiatorPackets,          IE_responderPackets,
                                  IE_layer2OctetDeltaCount,     IE_layer2OctetTotalCount,
                                  IE_transportOctetDeltaCount,  IE_transportPacketDeltaCount,
                                  IE_postLayer2OctetDeltaCount, IE_postMCastLayer2OctetDeltaCount,
                                  IE_postLayer2OctetTotalCount, IE_postMCastLayer2OctetTotalCount,
                                  IE_layer2FrameDeltaCount,     IE_layer2FrameTotalCount};

/* Where the time of a flow's start or end is looked for: the finest of the absolute ones first. */
static const struct {
    uint16_t ids[2];
    uint8_t kind; /* enum moment_kind */
} moments[] = {{{IE_flowStartNanoseconds, IE_flowEndNanoseconds}, MOMENT_NTP},
               {{IE_flowStartMicroseconds, IE_flowEndMicroseconds}, MOMENT_NTP},
               {{IE_flowStartMilliseconds, IE_flowEndMilliseconds}, MOMENT_MILLISECONDS},
               {{IE_flowStartSeconds, IE_flowEndSeconds}, MOMENT_SECONDS},
               {{IE_flowStartDeltaMicroseconds, IE_flowEndDeltaMicroseconds}, MOMENT_DELTA},
               {{IE_flowStartSysUpTime, IE_flowEndSysUpTime}, MOMENT_UPTIME}};
/* The observation times: of an event that has no end. */
static const struct {
    uint16_t id;
    uint8_t kind;
} observed[] = {{IE_observationTimeNanoseconds, MOMENT_NTP},
                {IE_observationTimeMicroseconds, MOMENT_NTP},
                {IE_observationTimeMilliseconds, MOMENT_MILLISECONDS},
                {IE_observationTimeSeconds, MOMENT_SECONDS}};

static const uint16_t address_ids[FLOW_FAMILIES][2] = {{IE_sourceIPv4Address, IE_destinationIPv4Address},
                                                       {IE_sourceIPv6Address, IE_destinationIPv6Address}};

_Static_assert((4 * UNITS + FLOW_TUPLE_FIELDS + 2 * FLOW_SUMS_MAX + 2 * FLOW_KEYS_MAX) *
                       (ITEM_NAME_MAX + 6 * ELEMENT_TEXT_MAX + 2) <
                   DATA_RECORD_ENTRY_MAX,
               "what a layout wants always fits into an entry");

struct builder {
    struct data_record_plan *plan;
    enum flow_family family;
    uint16_t places[2][IDS]; /* of the forward and the reverse elements: 1 + the first field that can be read */
    bool done[2][IDS];       /* has its item in this family's list */
    unsigned room;           /* of items */
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool among(const uint16_t *ids, size_t n, unsigned id) {
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id) return true;
    return false;
}

/* How a value of this type and length is read; NO_KIND: the type has no such length, or can't be read at all. */
static int kind_of(enum element_type type, unsigned length) {
    bool number = length >= 1 && length <= 8;
    switch (type) {
    case ELEMENT_UNSIGNED8:
    case ELEMENT_UNSIGNED16:
    case ELEMENT_UNSIGNED32:
    case ELEMENT_UNSIGNED64:
        if (!number) return NO_KIND;
        return length == 1   ? ITEM_NUMBER1
               : length == 2 ? ITEM_NUMBER2
               : length == 4 ? ITEM_NUMBER4
               : length == 8 ? ITEM_NUMBER8
                             : ITEM_NUMBER;
    case ELEMENT_SIGNED8:
    case ELEMENT_SIGNED16:
    case ELEMENT_SIGNED32:
    case ELEMENT_SIGNED64: return number ? ITEM_SIGNED : NO_KIND;
    case ELEMENT_FLOAT32:
    case ELEMENT_FLOAT64: return length == 4 || length == 8 ? ITEM_FLOAT : NO_KIND;
    case ELEMENT_BOOLEAN: return number ? ITEM_BOOLEAN : NO_KIND;
    case ELEMENT_MAC_ADDRESS: return length == 6 ? ITEM_MAC : NO_KIND;
    case ELEMENT_STRING: return ITEM_STRING;
    case ELEMENT_OCTET_ARRAY: return ITEM_OCTETS;
    case ELEMENT_DATE_TIME_SECONDS:
    case ELEMENT_DATE_TIME_MILLISECONDS: return number ? ITEM_TIME : NO_KIND;
    case ELEMENT_DATE_TIME_MICROSECONDS:
    case ELEMENT_DATE_TIME_NANOSECONDS: return length == 8 ? ITEM_TIME : NO_KIND;
    case ELEMENT_IPV4_ADDRESS: return length == 4 ? ITEM_NUMBER4 : NO_KIND;
    case ELEMENT_IPV6_ADDRESS: return length == 16 ? ITEM_IPV6 : NO_KIND;
    default: return NO_KIND;
    }
}

/* --- fields --- */

/* Whether both addresses stand in the template twice: those of a tunnel, and behind them those of the packet inside, as
 * the headers do (RFC 7011, section 8). */
static bool is_of_tunnel(const struct field_specifier *specifiers, unsigned n) {
    unsigned times[FLOW_FAMILIES][2] = {{0}};
    for (unsigned i = 0; i < n; i++)
        for (unsigned family = 0; family < FLOW_FAMILIES; family++)
            for (unsigned end = 0; end < 2; end++)
                times[family][end] += specifiers[i].enterprise == 0 && specifiers[i].id == address_ids[family][end];
    return (times[FLOW_IPV4][0] > 1 && times[FLOW_IPV4][1] > 1) || (times[FLOW_IPV6][0] > 1 && times[FLOW_IPV6][1] > 1);
}

bool field_is_event(const struct field_specifier *field) {
    enum { ENTERPRISE_CISCO = 9, OLD_EVENT = 40005 & 0x7fff }; /* NF_F_FW_EVENT */
    return (field->enterprise == 0 && field->id == IE_firewallEvent) ||
           (field->enterprise == ENTERPRISE_CISCO && field->id == OLD_EVENT);
}

static void fields_read(struct builder *builder, const struct field_specifier *specifiers, unsigned n, bool last) {
    struct data_record_plan *plan = builder->plan;
    uint32_t offset = 0;
    plan->fields = mem_zalloc(n + 1, sizeof *plan->fields);
    plan->gaps = mem_zalloc(n + 1, sizeof *plan->gaps);
    plan->n_fields = n;
    for (unsigned i = 0; i < n; i++) {
        const struct field_specifier *specifier = &specifiers[i];
        const struct element *element = element_by_id(specifier->id);
        plan->event |= field_is_event(specifier);
        bool reverse = specifier->enterprise == ENTERPRISE_REVERSE;
        plan->min += specifier->length == FIELD_VARIABLE ? 1 : specifier->length;
        if (specifier->length == FIELD_VARIABLE) {
            plan->gaps[plan->n_variable++] = offset;
            offset = 0;
        }
        plan->fields[i] = (struct field){*specifier, {offset, (uint16_t)plan->n_variable, specifier->length}};
        if (specifier->length != FIELD_VARIABLE) offset += specifier->length;
        if (!element || element->id >= IDS || (specifier->enterprise != 0 && !reverse)) continue;
        if (kind_of((enum element_type)element->type, specifier->length) == NO_KIND) continue;
        uint16_t *place = &builder->places[reverse][element->id];
        if ((!*place || last) && element->id != IE_paddingOctets) *place = (uint16_t)(i + 1);
    }
    plan->gaps[plan->n_variable] = offset;
}

/* The field of an element; of length 0 where the template has none. */
static struct source field_find(const struct builder *builder, unsigned id, bool reverse) {
    unsigned place = builder->places[reverse][id];
    if (!place && reverse && (id == IE_initiatorOctets || id == IE_initiatorPackets) && builder->places[false][id])
        place = builder->places[false][id == IE_initiatorOctets ? IE_responderOctets : IE_responderPackets];
    return place ? builder->plan->fields[place - 1].source : (struct source){0, 0, 0};
}

static const struct substitute *substitute_find(unsigned id) {
    for (size_t i = 0; i < COUNT(substitutes); i++)
        if (substitutes[i].id == id) return &substitutes[i];
    return NULL;
}

/* The element itself, or what stands in for it; 0: the template has none of them. */
static unsigned element_find(const struct builder *builder, unsigned id, bool reverse) {
    const struct substitute *substitute = substitute_find(id);
    if (field_find(builder, id, reverse).length) return id;
    for (unsigned i = 0; substitute && i < COUNT(substitute->instead); i++)
        if (substitute->instead[i] && field_find(builder, substitute->instead[i], reverse).length)
            return substitute->instead[i];
    return 0;
}

static struct source value_find(const struct builder *builder, unsigned id, bool reverse) {
    return field_find(builder, element_find(builder, id, reverse), reverse);
}

/* What counts in its place where it is 0. */
static struct source other_find(const struct builder *builder, unsigned id, bool reverse) {
    unsigned found = element_find(builder, id, reverse);
    for (unsigned i = 0; i < COUNT(before_and_behind); i++)
        if (before_and_behind[i][0] == found) return field_find(builder, before_and_behind[i][1], reverse);
    return (struct source){0, 0, 0};
}

/* --- what all items share --- */

static void times_find(struct builder *builder) {
    struct data_record_plan *plan = builder->plan;
    for (unsigned time = 0; time < FLOW_TIMES; time++)
        for (unsigned i = 0; i < COUNT(moments) && !plan->times[time].kind; i++) {
            struct source source = field_find(builder, moments[i].ids[time % 2], time >= TIME_REVERSE_START);
            if (source.length) plan->times[time] = (struct moment){source, moments[i].kind};
        }
    plan->system_init = field_find(builder, IE_systemInitTimeMilliseconds, false);
    plan->duration = field_find(builder, IE_flowDurationMilliseconds, false);
    plan->duration_ns = plan->duration.length ? 1000000 : 1000;
    if (!plan->duration.length) plan->duration = field_find(builder, IE_flowDurationMicroseconds, false);
    struct moment *end = &plan->times[TIME_END];
    if (end->kind || (plan->times[TIME_START].kind && plan->duration.length)) return;
    for (unsigned i = 0; i < COUNT(observed) && !end->kind; i++) {
        struct source source = field_find(builder, observed[i].id, false);
        if (source.length) *end = (struct moment){source, observed[i].kind};
    }
    if (!end->kind && !plan->times[TIME_START].kind) end->kind = MOMENT_EXPORT;
}

static void icmp_find(struct builder *builder) {
    /* Type and code; type, whose code has the number behind it. */
    static const uint16_t ids[FLOW_FAMILIES][2] = {{IE_icmpTypeCodeIPv4, IE_icmpTypeIPv4},
                                                   {IE_icmpTypeCodeIPv6, IE_icmpTypeIPv6}};
    struct data_record_plan *plan = builder->plan;
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        for (unsigned i = 0; i < 2 * FLOW_FAMILIES && !plan->icmp[family][0].length; i++) {
            const uint16_t *id = ids[(family + i) % FLOW_FAMILIES];
            struct source *icmp = plan->icmp[family];
            icmp[0] = field_find(builder, i < FLOW_FAMILIES ? id[0] : id[1], false);
            if (i < FLOW_FAMILIES || !icmp[0].length) continue;
            icmp[1] = field_find(builder, id[1] + 1u, false);
            if (!icmp[1].length) icmp[0].length = 0;
        }
}

/* By the elements of ICMP that the template has, where nothing else says what it is of. */
static void icmp_protocol_find(struct builder *builder) {
    static const uint16_t ids[FLOW_FAMILIES][2] = {{IE_icmpTypeCodeIPv4, IE_icmpTypeIPv4},
                                                   {IE_icmpTypeCodeIPv6, IE_icmpTypeIPv6}};
    static const uint8_t protocols[FLOW_FAMILIES] = {PROTOCOL_ICMP, PROTOCOL_ICMPV6};
    struct data_record_plan *plan = builder->plan;
    if (plan->protocol.length || plan->port.length || plan->source_port.length) return;
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        for (unsigned i = 0; i < FLOW_FAMILIES && !plan->icmp_protocol[family]; i++) {
            unsigned which = (family + i) % FLOW_FAMILIES;
            if (field_find(builder, ids[which][0], false).length || field_find(builder, ids[which][1], false).length)
                plan->icmp_protocol[family] = protocols[which];
        }
}

static void record_find(struct builder *builder) {
    struct data_record_plan *plan = builder->plan;
    times_find(builder);
    icmp_find(builder);
    plan->protocol = value_find(builder, IE_protocolIdentifier, false);
    plan->source_port = value_find(builder, IE_sourceTransportPort, false);
    plan->port = value_find(builder, IE_destinationTransportPort, false);
    icmp_protocol_find(builder);
    plan->ip_version = field_find(builder, IE_ipVersion, false);
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        for (unsigned end = 0; end < 2; end++) {
            plan->addresses[family][end] = value_find(builder, address_ids[family][end], false);
            plan->families[family] |= plan->addresses[family][end].length != 0;
        }
    if (!plan->families[FLOW_IPV4] && !plan->families[FLOW_IPV6])
        plan->station = field_find(builder, IE_staIPv4Address, false);
    plan->direction = field_find(builder, IE_flowDirection, false);
    plan->input = value_find(builder, IE_ingressInterface, false);
    plan->output = value_find(builder, IE_egressInterface, false);
    plan->point = field_find(builder, IE_observationPointId, false);
    for (unsigned i = 0; i < 2; i++) {
        unsigned id = i ? IE_packetDeltaCount : IE_octetDeltaCount;
        plan->counters[i][0] = value_find(builder, id, false);
        plan->counters[i][1] = other_find(builder, id, false);
        plan->reverse_counts[i] = value_find(builder, id, true);
        for (unsigned reverse = 0; reverse < 2; reverse++) {
            bool *total = &plan->total[i + 2 * reverse];
            *total = among(totals, COUNT(totals), element_find(builder, id, reverse));
            plan->totals |= *total;
        }
        plan->counts |= plan->reverse_counts[i].length || plan->counters[i][0].length;
    }
}

/* Of the counters that the template has, none can be read, and one is there: as 0 it would be wrong. */
static void unreadable_find(struct builder *builder) {
    struct data_record_plan *plan = builder->plan;
    for (unsigned s = 0; s < 2; s++) {
        const struct substitute *substitute = &substitutes[s]; /* octets, packets */
        if (plan->counters[s][0].length) continue;
        for (unsigned i = 0; i < plan->n_fields && !plan->unreadable; i++) {
            const struct field_specifier *field = &plan->fields[i].specifier;
            if (field->enterprise != 0 || field->length == 0) continue;
            if (field->id == substitute->id ||
                (field->id != 0 && among(substitute->instead, COUNT(substitute->instead), field->id)))
                plan->unreadable = &plan->fields[i];
        }
    }
    if (plan->unreadable) plan->counts = false;
}

/* --- items --- */

static uint64_t max_of(const struct element *element, enum item_target target, enum item_kind kind) {
    unsigned width = element_width(element);
    if (width < 8) return (UINT64_C(1) << 8 * width) - 1;
    return target == TARGET_SUM || kind == ITEM_TIME ? INT64_MAX : UINT64_MAX;
}

static void target_set(const struct builder *builder, struct item *item, const struct element *element) {
    const struct flow_layout *layout = builder->plan->layout;
    int sum = layout ? flow_layout_sum(layout, element->id) : -1;
    if (sum >= 0) {
        item->target = TARGET_SUM;
        item->place = (uint16_t)sum;
    }
    for (unsigned i = 0; layout && i < layout->n_fields; i++) {
        const struct flow_field *field = &layout->fields[i];
        if (field->element[builder->family] != element) continue;
        item->target = TARGET_KEY;
        item->place = field->offset[builder->family];
        item->width = field->width[builder->family];
    }
}

/* The next item, with its name; borrowed until the one after it. */
static struct item *item_add(struct builder *builder, const struct element *element, bool reverse, enum item_kind kind,
                             struct source source) {
    struct data_record_plan *plan = builder->plan;
    if (plan->n_items == builder->room) {
        builder->room = 2 * builder->room + 16;
        plan->items = mem_realloc(plan->items, builder->room, sizeof *plan->items);
    }
    struct item *item = &plan->items[plan->n_items++];
    memset(item, 0, sizeof *item);
    int first = reverse ? toupper((unsigned char)element->name[0]) : element->name[0];
    item->name_len = (uint8_t)snprintf(item->name, sizeof item->name, ",\"%s%c%s\":", reverse ? "rev" : "", first,
                                       element->name + 1);
    item->kind = (uint8_t)kind;
    item->source = source;
    target_set(builder, item, element);
    item->max = max_of(element, (enum item_target)item->target, kind);
    builder->done[reverse][element->id] = true;
    return item;
}

/* Whether the flow's time is what stands in this field: then it is read once, and where it is 0 has been completed. */
static bool is_flow_time(const struct data_record_plan *plan, unsigned id, bool reverse, struct source source) {
    if (reverse || id < IE_flowStartSeconds || id >= IE_flowStartSeconds + 2 * UNITS) return false;
    const struct source *time = &plan->times[(id - IE_flowStartSeconds) % 2 ? TIME_END : TIME_START].source;
    return time->length == source.length && time->anchor == source.anchor && time->offset == source.offset;
}

static struct item *field_add(struct builder *builder, const struct element *element, bool reverse,
                              struct source source) {
    enum item_kind kind = (enum item_kind)kind_of((enum element_type)element->type, source.length);
    if (among(scaled, COUNT(scaled), element->id)) kind = ITEM_COUNT;
    if (element->id == IE_tcpControlBits) kind = ITEM_TCP_FLAGS;
    struct item *item = item_add(builder, element, reverse, kind, source);
    bool same = kind <= ITEM_NUMBER8 || kind == ITEM_IPV6 || kind == ITEM_MAC;
    if (same && item->target == TARGET_KEY && item->width == source.length) item->copied = item->width;
    if (kind != ITEM_TIME) return item;
    item->unit = (uint8_t)(element->type - ELEMENT_DATE_TIME_SECONDS);
    if (is_flow_time(builder->plan, element->id, reverse, source)) {
        item->kind = ITEM_FLOW_TIME;
        item->time = (element->id - IE_flowStartSeconds) % 2 ? TIME_END : TIME_START;
        return item;
    }
    item->moment = item->unit == UNIT_SECONDS        ? MOMENT_SECONDS
                   : item->unit == UNIT_MILLISECONDS ? MOMENT_MILLISECONDS
                                                     : MOMENT_NTP;
    return item;
}

/* Adds the element's item, unless it is there, or the template has nothing to make it of. */
static void item_want(struct builder *builder, unsigned id, bool reverse) {
    static const struct {
        uint16_t id;
        uint8_t kind;
    } of_context[] = {{IE_exporterIPv4Address, ITEM_EXPORTER},
                      {IE_exporterIPv6Address, ITEM_EXPORTER_IPV6},
                      {IE_observationDomainId, ITEM_DOMAIN},
                      {IE_samplingPopulation, ITEM_SAMPLING}};
    const struct data_record_plan *plan = builder->plan;
    const struct element *element = element_by_id(id);
    const struct substitute *substitute = substitute_find(id);
    struct source source = value_find(builder, id, reverse);
    bool counted = plan->counts || plan->event;
    if (reverse) counted = plan->reverse_counts[0].length || plan->reverse_counts[1].length;
    if (builder->done[reverse][id]) return;
    if (id == IE_destinationTransportPort && !reverse && plan->icmp[builder->family][0].length) {
        item_add(builder, element, reverse, ITEM_PORT, (struct source){0, 0, 0});
    } else if (source.length) {
        struct item *item = field_add(builder, element, reverse, source);
        item->other = other_find(builder, id, reverse);
        if (item->other.length) item->kind = ITEM_COUNT_EITHER;
    } else if (plan->station.length && among(address_ids[FLOW_IPV4], 2, id) && !reverse) {
        struct item *item = item_add(builder, element, reverse, ITEM_STATION, plan->station);
        item->other = plan->direction;
        item->time = id == IE_destinationIPv4Address; /* 1: egress, to the station */
    } else if (id == IE_protocolIdentifier && plan->icmp_protocol[builder->family] && !reverse) {
        item_add(builder, element, reverse, ITEM_CONSTANT, (struct source){plan->icmp_protocol[builder->family], 0, 0});
    } else if (counted && substitute && substitute->constant != NOTHING) {
        uint32_t constant = !reverse && !plan->counts ? id == IE_deltaFlowCount : (uint32_t)substitute->constant;
        item_add(builder, element, reverse, ITEM_CONSTANT, (struct source){constant, 0, 0});
    }
    for (unsigned i = 0; i < COUNT(of_context) && !source.length && !reverse; i++)
        if (of_context[i].id == id)
            item_add(builder, element, reverse, (enum item_kind)of_context[i].kind, (struct source){0, 0, 0});
}

/* The times of a direction: in the units that the layout has as keys, else in seconds. Without a layout what the
 * template has under these names is there already, else they are added in milliseconds. */
static void times_want(struct builder *builder, bool reverse) {
    const struct flow_layout *layout = builder->plan->layout;
    for (unsigned end = 0; end < 2; end++) {
        unsigned time = end + (reverse ? TIME_REVERSE_START : TIME_START), units = 0;
        if (reverse && !builder->plan->times[time].kind) continue;
        for (unsigned unit = 0; unit < UNITS; unit++) {
            unsigned id = IE_flowStartSeconds + 2 * unit + end;
            bool has = builder->done[reverse][id];
            for (unsigned i = 0; layout && i < layout->n_fields; i++)
                has |= layout->fields[i].element[FLOW_IPV4]->id == id;
            units |= (unsigned)has << unit;
        }
        if (!layout && units) continue;
        if (!units) units = 1u << (layout ? UNIT_SECONDS : UNIT_MILLISECONDS);
        bool first = true;
        for (unsigned unit = 0; unit < UNITS; unit++) {
            if (!(units >> unit & 1)) continue;
            const struct element *element = element_by_id(IE_flowStartSeconds + 2 * unit + end);
            struct item *item = item_add(builder, element, reverse, ITEM_FLOW_TIME, (struct source){0, 0, 0});
            item->unit = (uint8_t)unit;
            item->time = (uint8_t)time;
            item->first = first;
            first = false;
        }
    }
}

/* In the order in which an entry's values are looked at, so that both ways refuse a record for the same reason. */
static void layout_want(struct builder *builder, bool reverse) {
    const struct flow_layout *layout = builder->plan->layout;
    times_want(builder, reverse);
    for (unsigned i = 0; i < layout->n_sums; i++) {
        item_want(builder, layout->sums[i]->id, reverse);
        if (!reverse && !builder->done[reverse][layout->sums[i]->id])
            item_add(builder, layout->sums[i], reverse, ITEM_MISSING, (struct source){0, 0, 0});
    }
    for (unsigned i = reverse ? FLOW_TUPLE_FIELDS : 0; i < layout->n_fields; i++)
        item_want(builder, layout->fields[i].element[builder->family]->id, reverse);
}

static void everything_want(struct builder *builder, bool reverse) {
    static const uint16_t forward[] = {IE_sourceTransportPort, IE_destinationTransportPort, IE_protocolIdentifier,
                                       IE_exporterIPv4Address, IE_exporterIPv6Address,      IE_observationDomainId,
                                       IE_samplingPopulation};
    const struct data_record_plan *plan = builder->plan;
    const uint16_t *others = address_ids[builder->family == FLOW_IPV4 ? FLOW_IPV6 : FLOW_IPV4];
    for (unsigned i = 0; i < plan->n_fields; i++) {
        unsigned id = plan->fields[i].specifier.id;
        if (id >= IDS || builder->places[reverse][id] != i + 1) continue;
        if (reverse || !among(others, 2, id)) item_want(builder, id, reverse);
    }
    for (unsigned i = 0; i < 2 && !reverse; i++)
        item_want(builder, address_ids[builder->family][i], reverse);
    for (unsigned i = 0; i < COUNT(forward) && !reverse; i++)
        item_want(builder, forward[i], reverse);
    times_want(builder, reverse);
    item_want(builder, IE_packetDeltaCount, reverse);
    item_want(builder, IE_octetDeltaCount, reverse);
}

/* --- the plan --- */

/* `last`: of what stands in the template twice, the second counts. */
static struct data_record_plan *plan_make(const struct field_specifier *fields, unsigned n,
                                          const struct flow_layout *layout, enum data_record_ends ends, bool last) {
    struct data_record_plan *plan = mem_zalloc(1, sizeof *plan);
    struct builder builder = {.plan = plan};
    plan->layout = layout;
    plan->ends = ends;
    fields_read(&builder, fields, n, last);
    record_find(&builder);
    unreadable_find(&builder);
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        if (!plan->families[family] && (family == FLOW_IPV6 || plan->families[FLOW_IPV6])) continue;
        builder.family = (enum flow_family)family;
        memset(builder.done, 0, sizeof builder.done);
        plan->lists[family].items.first = plan->n_items;
        for (unsigned reverse = 0; reverse < 2; reverse++) {
            if (reverse) plan->lists[family].items.reverse = plan->n_items;
            (layout ? layout_want : everything_want)(&builder, reverse);
        }
        plan->lists[family].items.end = plan->n_items;
    }
    plan->items = mem_realloc(plan->items, plan->n_items + 1, sizeof *plan->items);
    if (layout) copies_make(plan);
    return plan;
}

struct data_record_plan *data_record_plan_new(const struct field_specifier *fields, unsigned n,
                                              const struct flow_layout *layout, enum data_record_ends ends) {
    if (n > DATA_RECORD_FIELDS_MAX) return NULL;
    bool tunnel = is_of_tunnel(fields, n), inner = tunnel && ends == DATA_RECORD_INNER;
    struct data_record_plan *plan = plan_make(fields, n, layout, ends, inner);
    if (tunnel) plan->other_ends = plan_make(fields, n, layout, ends, !inner);
    return plan;
}

void data_record_plan_free(struct data_record_plan *plan) {
    if (!plan) return;
    data_record_plan_free(plan->other_ends);
    free(plan->fields);
    free(plan->gaps);
    free(plan->items);
    free(plan->copies);
    free(plan->looked_at);
    free(plan);
}

size_t data_record_plan_bytes(const struct data_record_plan *plan) {
    size_t other = plan->other_ends ? data_record_plan_bytes(plan->other_ends) : 0;
    return other + sizeof *plan + (plan->n_fields + 1) * (sizeof *plan->fields + sizeof *plan->gaps) +
           (plan->n_items + 1) * sizeof *plan->items +
           (plan->layout ? (plan->n_items + 1) * (sizeof *plan->copies + sizeof *plan->looked_at) : 0);
}

size_t data_record_plan_min(const struct data_record_plan *plan) { return plan->min; }

bool data_record_plan_counts(const struct data_record_plan *plan) { return plan->counts; }

bool data_record_plan_addresses(const struct data_record_plan *plan) {
    return plan->families[FLOW_IPV4] || plan->families[FLOW_IPV6] || plan->station.length;
}

bool data_record_plan_direction(const struct data_record_plan *plan) { return plan->direction.length != 0; }

bool data_record_plan_totals(const struct data_record_plan *plan) { return plan->totals; }

const struct field_specifier *data_record_plan_unreadable(const struct data_record_plan *plan) {
    return plan->unreadable ? &plan->unreadable->specifier : NULL;
}
