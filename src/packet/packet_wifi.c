/* IEEE 802.11: data frames up to their LLC header, also behind a radiotap header. */
#include <string.h>

#include "packet/packet_walk.h"

enum {
    /* The first two bytes, the first of them low. */
    VERSION_AND_TYPE = 0x000f,
    DATA = 0x0008,
    WITHOUT_DATA = 0x0040, /* of the subtype */
    QOS = 0x0080,
    TO_SYSTEM = 0x0100, /* of access points */
    FROM_SYSTEM = 0x0200,
    MORE_FRAGMENTS = 0x0400,
    ENCRYPTED = 0x4000,
    HT_CONTROL = 0x8000, /* of a QoS frame */

    HEADER = 24,
    QOS_AGGREGATE = 0x80, /* several frames in one */

    RADIOTAP_TIMESTAMP = 1 << 0, /* 8 bytes, aligned, before the flags */
    RADIOTAP_FLAGS = 1 << 1,
    RADIOTAP_MORE = 1u << 31, /* another word of what is present */
    FLAG_PADDED = 0x20,       /* the header is filled up to four bytes */
};

static unsigned frame(struct walk *walk, struct packet *out, bool padded) {
    const uint8_t *at = walk->at;
    size_t bytes = HEADER, left = walk_left(walk);
    if (left < HEADER) return NEXT_CUT;
    unsigned control = le16(at);
    bool to = control & TO_SYSTEM, from = control & FROM_SYSTEM;
    if ((control & VERSION_AND_TYPE) != DATA || control & (WITHOUT_DATA | ENCRYPTED | MORE_FRAGMENTS))
        return NEXT_OTHER;
    if (le16(at + 22) & 0xf) return NEXT_OTHER; /* a later fragment */
    if (to && from) bytes += 6;
    if (left < bytes + (control & QOS ? 2 : 0)) return NEXT_CUT;
    if (control & QOS && at[bytes] & QOS_AGGREGATE) return NEXT_OTHER;
    memcpy(out->destination_mac, at + (to ? 16 : 4), 6);
    memcpy(out->source_mac, at + (!from ? 10 : to ? 24 : 16), 6);
    if (control & QOS) bytes += control & HT_CONTROL ? 6 : 2;
    if (padded) bytes = (bytes + 3) & ~(size_t)3;
    if (left < bytes) return NEXT_CUT;
    walk->at += bytes;
    return 0; /* LLC */
}

unsigned wifi_begin(struct walk *walk, struct packet *out) { return frame(walk, out, false); }

/* http://www.radiotap.org: version, length, words of what is present, and that, each aligned to its size. */
unsigned radiotap_begin(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    size_t left = walk_left(walk), fields = 4;
    uint32_t word;
    if (left < 8) return NEXT_CUT;
    size_t bytes = le16(at + 2);
    if (at[0] != 0 || bytes < 8) return NEXT_OTHER;
    if (left < bytes) return NEXT_CUT;
    uint32_t present = le32(at + fields);
    do {
        if (fields + 4 > bytes) return NEXT_OTHER;
        word = le32(at + fields);
        fields += 4;
    } while (word & RADIOTAP_MORE);
    if (present & RADIOTAP_TIMESTAMP) fields = ((fields + 7) & ~(size_t)7) + 8;
    bool padded = present & RADIOTAP_FLAGS && fields < bytes && at[fields] & FLAG_PADDED;
    walk->at += bytes;
    return frame(walk, out, padded);
}
