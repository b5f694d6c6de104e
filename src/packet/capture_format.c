/* Headers, blocks and options of capture files. */
#include "packet/capture_format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

enum {
    LINK_NFLOG = 239,
    LINK_MASK = 0xffff, /* above it: whether frames end with a checksum, which lies behind what IP says is its length */

    PCAP_HEADER = 24,
    PCAP_RECORD = 16,
    PCAP_RECORD_MODIFIED = 24, /* with interface and protocol behind it */

    BLOCK_SECTION = 0x0a0d0d0a, /* the same in either byte order */
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* of old: before the enhanced one */
    BLOCK_SIMPLE = 3,
    BLOCK_ENHANCED = 6,
    BLOCK_EDGES = 12, /* type and length, and the length again */
    SECTION_BYTES = 28,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    OPTION_RESOLUTION = 9,
    OPTION_OFFSET = 14,
    MICROSECONDS = 6, /* the exponent */
};

struct interface {
    int link_type;
    uint32_t snaplen;
    uint8_t resolution; /* a tick lasts 10^-n seconds, or with the upper bit 2^-n */
    int64_t offset;     /* seconds */
};

struct capture_format {
    bool begun, blocks; /* whether it is pcapng */
    bool big;           /* its numbers are big-endian */
    bool nanoseconds;   /* of pcap */
    unsigned record;    /* bytes of a record's header in pcap */
    unsigned interface; /* of the last frame */
    unsigned n_interfaces;
    struct interface *interfaces; /* in pcap one */
    int64_t time_us;              /* of the last frame: that of those that have none */
    enum capture_damage damage;
};

const char *const capture_damage_texts[CAPTURE_DAMAGES] = {
    [CAPTURE_NO_ROOM] = "the block is too short for a packet",
    [CAPTURE_BEYOND_BLOCK] = "the packet is longer than its block",
    [CAPTURE_NO_INTERFACE] = "no block describes the packet's interface",
    [CAPTURE_TWO_LENGTHS] = "the block's two lengths differ",
};

static const struct pcap_kind {
    uint32_t number;
    bool nanoseconds, modified;
} pcaps[] = {{0xa1b2c3d4, false, false}, {0xa1b23c4d, true, false}, {0xa1b2cd34, false, true}};

/* By the number at the beginning of a file, and by the order of its bytes; NULL for anything else. */
static const struct pcap_kind *pcap_find(const uint8_t magic[CAPTURE_FORMAT_MAGIC], bool *big) {
    for (unsigned i = 0; i < sizeof pcaps / sizeof pcaps[0]; i++) {
        *big = be32(magic) == pcaps[i].number;
        if (*big || le32(magic) == pcaps[i].number) return &pcaps[i];
    }
    return NULL;
}

static inline uint32_t read32(const struct capture_format *format, const uint8_t *at) {
    return format->big ? be32(at) : le32(at);
}

static inline uint16_t read16(const struct capture_format *format, const uint8_t *at) {
    return format->big ? be16(at) : le16(at);
}

bool capture_format_is(const uint8_t magic[CAPTURE_FORMAT_MAGIC]) {
    bool big;
    return be32(magic) == BLOCK_SECTION || pcap_find(magic, &big) != NULL;
}

struct capture_format *capture_format_new(void) { return mem_zalloc(1, sizeof(struct capture_format)); }

void capture_format_free(struct capture_format *format) {
    if (!format) return;
    free(format->interfaces);
    free(format);
}

int capture_format_link_type(const struct capture_format *format) {
    return format->interface < format->n_interfaces ? format->interfaces[format->interface].link_type : -1;
}

enum capture_damage capture_format_damage(const struct capture_format *format) { return format->damage; }

static enum capture_step damaged(struct capture_format *format, enum capture_damage damage) {
    format->damage = damage;
    return CAPTURE_DAMAGED;
}

static struct interface *interface_add(struct capture_format *format) {
    format->interfaces = mem_realloc(format->interfaces, format->n_interfaces + 1, sizeof *format->interfaces);
    format->interfaces[format->n_interfaces] = (struct interface){.resolution = MICROSECONDS};
    return &format->interfaces[format->n_interfaces++];
}

/* NFLOG's attributes are in the byte order of the host that wrote the file: into that of this one. */
static void nflog_turn(const struct capture_format *format, uint8_t *at, size_t len) {
    for (size_t next = 4, bytes; next + 4 <= len; next += (bytes + 3) & ~(size_t)3) {
        bytes = read16(format, at + next);
        host_put(at + next, bytes, 2);
        host_put(at + next + 2, read16(format, at + next + 2), 2);
        if (bytes < 4) return;
    }
}

/* `at`: the frame's first byte. */
static enum capture_step frame_set(struct capture_format *format, struct capture_frame *frame, uint8_t *at,
                                   uint32_t captured, uint32_t original) {
    if (capture_format_link_type(format) == LINK_NFLOG) nflog_turn(format, at, captured);
    *frame =
        (struct capture_frame){.time_us = format->time_us, .bytes = at, .captured = captured, .original = original};
    return CAPTURE_FRAME;
}

static enum capture_step too_long(uint32_t bytes, const char *what, struct error *error) {
    error_set(error, "%s of %" PRIu32 " bytes: damaged, or not a capture", what, bytes);
    return CAPTURE_WRONG;
}

/* --- pcap --- */

static enum capture_step pcap_begin(struct capture_format *format, const struct pcap_kind *kind, bool big,
                                    const uint8_t *at, size_t len, size_t *bytes) {
    *bytes = PCAP_HEADER;
    if (len < PCAP_HEADER) return CAPTURE_MORE;
    format->big = big;
    format->nanoseconds = kind->nanoseconds;
    format->record = kind->modified ? PCAP_RECORD_MODIFIED : PCAP_RECORD;
    format->begun = true;
    interface_add(format)->link_type = (int)(read32(format, at + 20) & LINK_MASK);
    return CAPTURE_SKIP;
}

static enum capture_step pcap_next(struct capture_format *format, uint8_t *at, size_t len, size_t *bytes,
                                   struct capture_frame *frame, struct error *error) {
    *bytes = format->record;
    if (len < *bytes) return CAPTURE_MORE;
    uint32_t captured = read32(format, at + 8), part = read32(format, at + 4);
    if (captured > CAPTURE_FORMAT_BYTES_MAX) return too_long(captured, "a frame", error);
    *bytes += captured;
    if (len < *bytes) return CAPTURE_MORE;
    format->time_us = (int64_t)read32(format, at) * 1000000 + (format->nanoseconds ? part / 1000 : part);
    return frame_set(format, frame, at + format->record, captured, read32(format, at + 12));
}

/* --- pcapng --- */

static enum capture_step section_begin(struct capture_format *format, const uint8_t *at, size_t len, size_t *bytes,
                                       struct error *error) {
    *bytes = SECTION_BYTES;
    if (len < SECTION_BYTES) return CAPTURE_MORE;
    format->big = be32(at + 8) == BYTE_ORDER_MAGIC;
    if (read32(format, at + 8) != BYTE_ORDER_MAGIC) {
        error_set(error, "a section with an invalid byte order: damaged, or not a capture");
        return CAPTURE_WRONG;
    }
    format->begun = format->blocks = true;
    format->n_interfaces = 0;
    *bytes = read32(format, at + 4);
    if (*bytes >= SECTION_BYTES) return CAPTURE_SKIP;
    return too_long((uint32_t)*bytes, "a section header", error);
}

/* `end`: of the block, before the length that is there again. */
static enum capture_step interface_read(struct capture_format *format, const uint8_t *at, const uint8_t *end,
                                        struct error *error) {
    if (format->n_interfaces == CAPTURE_FORMAT_INTERFACES_MAX) {
        error_set(error, "more than %d interfaces in a section", CAPTURE_FORMAT_INTERFACES_MAX);
        return CAPTURE_WRONG;
    }
    struct interface *interface = interface_add(format);
    interface->link_type = read16(format, at);
    interface->snaplen = read32(format, at + 4);
    for (at += 8; end - at >= 4;) {
        unsigned code = read16(format, at), length = read16(format, at + 2);
        at += 4;
        if (code == 0 || length > (size_t)(end - at)) break;
        if (code == OPTION_RESOLUTION && length == 1) interface->resolution = *at;
        if (code == OPTION_OFFSET && length == 8) {
            uint64_t first = read32(format, at), second = read32(format, at + 4);
            interface->offset = (int64_t)(format->big ? first << 32 | second : second << 32 | first);
        }
        size_t padded = (length + 3u) & ~3u;
        if (padded > (size_t)(end - at)) break;
        at += padded;
    }
    return CAPTURE_SKIP;
}

/* Ticks into microseconds; what is out of all bounds is the end of time. */
static int64_t ticks_us(const struct interface *interface, uint64_t ticks) {
    unsigned __int128 us = ticks;
    unsigned exponent = interface->resolution & 0x7f;
    if (interface->resolution & 0x80) {
        us = exponent < 64 ? us * 1000000 >> exponent : 0;
    } else {
        for (; exponent < MICROSECONDS; exponent++)
            us *= 10;
        for (; exponent > MICROSECONDS && us; exponent--)
            us /= 10;
    }
    __int128 time = (__int128)us + (__int128)interface->offset * 1000000;
    return time > INT64_MAX / 2 ? INT64_MAX / 2 : time < 0 ? 0 : (int64_t)time;
}

/* `at`: behind type and length; `room`: up to the length at the end. */

static enum capture_step packet_read(struct capture_format *format, uint8_t *at, size_t room, bool enhanced,
                                     struct capture_frame *frame) {
    if (room < 20) return damaged(format, CAPTURE_NO_ROOM);
    uint32_t number = enhanced ? read32(format, at) : read16(format, at), captured = read32(format, at + 12);
    if (number >= format->n_interfaces) return damaged(format, CAPTURE_NO_INTERFACE);
    if (captured > room - 20) return damaged(format, CAPTURE_BEYOND_BLOCK);
    format->interface = number;
    format->time_us =
        ticks_us(&format->interfaces[number], (uint64_t)read32(format, at + 4) << 32 | read32(format, at + 8));
    return frame_set(format, frame, at + 20, captured, read32(format, at + 16));
}

static enum capture_step simple_read(struct capture_format *format, uint8_t *at, size_t room,
                                     struct capture_frame *frame) {
    if (room < 4) return damaged(format, CAPTURE_NO_ROOM);
    if (format->n_interfaces == 0) return damaged(format, CAPTURE_NO_INTERFACE);
    uint32_t original = read32(format, at), captured = original, snaplen = format->interfaces[0].snaplen;
    if (snaplen && captured > snaplen) captured = snaplen;
    if (captured > room - 4) captured = (uint32_t)(room - 4);
    format->interface = 0;
    return frame_set(format, frame, at + 4, captured, original);
}

static enum capture_step block_next(struct capture_format *format, uint8_t *at, size_t len, size_t *bytes,
                                    struct capture_frame *frame, struct error *error) {
    *bytes = BLOCK_EDGES;
    if (len < BLOCK_EDGES) return CAPTURE_MORE;
    uint32_t type = read32(format, at), block = read32(format, at + 4);
    if (type == BLOCK_SECTION) return section_begin(format, at, len, bytes, error);
    if (block < BLOCK_EDGES) return too_long(block, "a block", error);
    *bytes = block;
    if (type != BLOCK_INTERFACE && type != BLOCK_PACKET && type != BLOCK_SIMPLE && type != BLOCK_ENHANCED)
        return CAPTURE_SKIP;
    if (block > CAPTURE_FORMAT_BYTES_MAX) return too_long(block, "a block", error);
    if (len < block) return CAPTURE_MORE;
    size_t room = block - BLOCK_EDGES;
    if (type != BLOCK_INTERFACE && block % 4 == 0 && read32(format, at + block - 4) != block)
        return damaged(format, CAPTURE_TWO_LENGTHS);
    switch (type) {
    case BLOCK_INTERFACE:
        if (room < 8) return too_long(block, "an interface", error);
        return interface_read(format, at + 8, at + 8 + room, error);
    case BLOCK_SIMPLE: return simple_read(format, at + 8, room, frame);
    default: return packet_read(format, at + 8, room, type == BLOCK_ENHANCED, frame);
    }
}

enum capture_step capture_format_next(struct capture_format *format, uint8_t *at, size_t len, size_t *bytes,
                                      struct capture_frame *frame, struct error *error) {
    if (format->begun)
        return format->blocks ? block_next(format, at, len, bytes, frame, error)
                              : pcap_next(format, at, len, bytes, frame, error);
    *bytes = CAPTURE_FORMAT_MAGIC;
    if (len < CAPTURE_FORMAT_MAGIC) return CAPTURE_MORE;
    if (be32(at) == BLOCK_SECTION) return section_begin(format, at, len, bytes, error);
    bool big;
    const struct pcap_kind *kind = pcap_find(at, &big);
    if (kind) return pcap_begin(format, kind, big, at, len, bytes);
    error_set(error, "not a capture: it starts with neither pcap's nor pcapng's magic number");
    return CAPTURE_WRONG;
}
