/* Bytes of packets out of data records, and the packet out of these. */
#include "collect/section.h"

enum {
    LINK_ETHERNET = 1, /* libpcap's */
    LINK_RAW = 101,
    FRAME_ETHERNET = 1, /* IANA's */
};

bool section_look(const struct field_specifier *fields, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        if (fields[i].enterprise == 0 &&
            (fields[i].id == IE_dataLinkFrameSection || fields[i].id == IE_ipHeaderPacketSection))
            return true;
    return false;
}

static uint64_t number(const struct data_record_plan *plan, const uint8_t *bytes, size_t len, uint16_t id,
                       uint64_t otherwise) {
    uint64_t value;
    return data_record_number(plan, bytes, len, id, &value) ? value : otherwise;
}

size_t section_record(const struct packet_options *options, const struct data_record_plan *plan, const uint8_t *bytes,
                      size_t len, uint8_t *family, uint8_t record[SFLOW_RECORD_MAX]) {
    struct packet packet;
    size_t captured;
    int link = LINK_ETHERNET;
    const uint8_t *section = data_record_octets(plan, bytes, len, IE_dataLinkFrameSection, &captured);
    uint64_t original = number(plan, bytes, len, IE_dataLinkFrameSize, 0);
    if (section && number(plan, bytes, len, IE_dataLinkFrameType, FRAME_ETHERNET) != FRAME_ETHERNET) section = NULL;
    if (!section) {
        section = data_record_octets(plan, bytes, len, IE_ipHeaderPacketSection, &captured);
        original = number(plan, bytes, len, IE_ipTotalLength, 0);
        link = LINK_RAW;
    }
    if (!section) return 0;
    enum packet_verdict verdict = packet_decode(options, link, section, captured, (size_t)original, &packet);
    if (!packet_texts[verdict].counts) return 0;
    *family = packet.family;
    return sflow_packet_record(&packet, (uint32_t)number(plan, bytes, len, IE_ingressInterface, 0),
                               (uint32_t)number(plan, bytes, len, IE_egressInterface, 0), record);
}
