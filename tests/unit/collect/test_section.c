/* IPFIX records that have a packet's first bytes. */
#include "collect/section.h"

#include "message_case.h"

/* 51.51.51.51:55501 > 52.52.52.52:11777, UDP, 96 bytes by its IP header; 114 with 802.1Q on the wire. */
static const uint8_t frame[] = {0x00, 0x00, 0x00, 0x72, 0x2e, 0x18, 0x2a, 0xd3, 0x6e, 0x50, 0x3f, 0xb4,
                                0x81, 0x00, 0x00, 0xe7, 0x08, 0x00, 0x45, 0x00, 0x00, 0x60, 0x8f, 0x00,
                                0x00, 0x00, 0x77, 0x11, 0xe9, 0xb0, 0x33, 0x33, 0x33, 0x33, 0x34, 0x34,
                                0x34, 0x34, 0xd8, 0xcd, 0x2e, 0x01, 0x00, 0x4c, 0xda, 0x0f};
enum { IP_AT = 18 };

static void section_put(struct message *message, const uint8_t *bytes, size_t n) {
    PUT(message, n, 1);
    memcpy(message->at + message->len, bytes, n);
    message->len += n;
}

#define PACKET(packets, octets)                                                                                        \
    "{\"flowStartSeconds\":1700000000,\"flowEndSeconds\":1700000000,\"packetDeltaCount\":" #packets                    \
    ",\"octetDeltaCount\":" #octets ",\"sourceIPv4Address\":858993459,\"destinationIPv4Address\":875836468,"           \
    "\"sourceTransportPort\":55501,\"destinationTransportPort\":11777,\"protocolIdentifier\":17}\n"

static void frames_and_packets(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    ipfix_begin(&mc->message, NOW, 0, 1);
    TEMPLATE(&mc->message, 2, 256, 10, 4, 14, 4, 312, 2, 315, 0xffff);
    TEMPLATE(&mc->message, 2, 257, 10, 4, 313, 0xffff);
    TEMPLATE(&mc->message, 2, 258, 34, 4, 313, sizeof frame - IP_AT);
    TEMPLATE(&mc->message, 2, 259, 408, 2, 315, 0xffff);
    size_t set = set_begin(&mc->message, 256);
    PUT(&mc->message, 7, 4, 8, 4, 114, 2);
    section_put(&mc->message, frame, sizeof frame);
    set_end(&mc->message, set);
    set = set_begin(&mc->message, 257);
    PUT(&mc->message, 7, 4);
    section_put(&mc->message, frame + IP_AT, sizeof frame - IP_AT);
    PUT(&mc->message, 7, 4);
    section_put(&mc->message, frame, 12); /* no IP */
    set_end(&mc->message, set);
    set = set_begin(&mc->message, 258); /* sampled */
    PUT(&mc->message, 100, 4);
    memcpy(mc->message.at + mc->message.len, frame + IP_AT, sizeof frame - IP_AT);
    mc->message.len += sizeof frame - IP_AT;
    set_end(&mc->message, set);
    set = set_begin(&mc->message, 259); /* 802.11, which can't be read */
    PUT(&mc->message, 2, 2);
    section_put(&mc->message, frame, sizeof frame);
    set_end(&mc->message, set);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, PACKET(1, 96) PACKET(1, 96) PACKET(100, 9600));
    assert_int_equal(message_counters(mc->decoder)->ignored[IGNORED_NOT_IP], 2);
    case_close(mc);
}

/* The header says 0 (segmentation offload): what the frame had on the wire, less the link's part. Seen before it was
 * exported. */
static void lengths_and_times(void **state) {
    (void)state;
    uint8_t offloaded[sizeof frame];
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    memcpy(offloaded, frame, sizeof frame);
    be_put(offloaded + IP_AT + 2, 0, 2);
    ipfix_begin(&mc->message, NOW + 5, 0, 1);
    TEMPLATE(&mc->message, 2, 256, 323, 8, 312, 2, 315, 0xffff);
    size_t set = set_begin(&mc->message, 256);
    PUT(&mc->message, NOW * UINT64_C(1000), 8, 9018, 2);
    section_put(&mc->message, offloaded, sizeof frame);
    set_end(&mc->message, set);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, PACKET(1, 9000));
    case_close(mc);
}

/* Counters count where a record has them; the bytes then are beside. */
static void counters_count(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    ipfix_begin(&mc->message, NOW, 0, 1);
    TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS, 313, 0xffff);
    size_t set = set_begin(&mc->message, 256);
    PUT(&mc->message, A_RECORD);
    section_put(&mc->message, frame + IP_AT, sizeof frame - IP_AT);
    set_end(&mc->message, set);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    case_close(mc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_and_packets),
        cmocka_unit_test(lengths_and_times),
        cmocka_unit_test(counters_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
