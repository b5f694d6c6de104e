/* The bytes of a capture file into frames: pcap and pcapng, in either byte order, in any unit of time. No I/O.
 *
 * (pcap: draft-ietf-opsawg-pcap; pcapng: draft-ietf-opsawg-pcapng.) Of pcapng the interfaces and the packets are read,
 * all else is passed over. */
#ifndef FLOWIMPORT_PACKET_CAPTURE_FORMAT_H
#define FLOWIMPORT_PACKET_CAPTURE_FORMAT_H

#include "base/error.h"
#include "packet/capture.h"

enum {
    CAPTURE_FORMAT_MAGIC = 4,             /* bytes that tell */
    CAPTURE_FORMAT_BYTES_MAX = 16 << 20,  /* of a frame with its header, or a block that is looked into */
    CAPTURE_FORMAT_INTERFACES_MAX = 4096, /* in a section of pcapng; 24 bytes each */
};

/* What is wrong with a block of pcapng whose packet can't be read; later ones can. */
enum capture_damage {
    CAPTURE_NO_ROOM,      /* the block is shorter than what is always in it */
    CAPTURE_BEYOND_BLOCK, /* the captured bytes go on behind the block's end */
    CAPTURE_NO_INTERFACE, /* no block before it describes the packet's interface */
    CAPTURE_TWO_LENGTHS,  /* the length at the block's end is another than that at its beginning */
    CAPTURE_DAMAGES
};
extern const char *const capture_damage_texts[CAPTURE_DAMAGES]; /* for a person */

struct capture_format; /* opaque */

/* Whether a capture file begins with these bytes. */
bool capture_format_is(const uint8_t magic[CAPTURE_FORMAT_MAGIC]);
struct capture_format *capture_format_new(void);
void capture_format_free(struct capture_format *format);

enum capture_step {
    CAPTURE_FRAME,   /* a frame, *bytes long with what is around it */
    CAPTURE_SKIP,    /* none in the next *bytes, of which some may not be there yet */
    CAPTURE_DAMAGED, /* the same, for the block of *bytes is damaged: capture_format_damage() */
    CAPTURE_MORE,    /* it requires *bytes */
    CAPTURE_WRONG,   /* the error says why the rest can't be read */
};

/* At the file's next byte, with `len` bytes available, which may be written over. The frame points into them. */
enum capture_step capture_format_next(struct capture_format *format, uint8_t *at, size_t len, size_t *bytes,
                                      struct capture_frame *frame, struct error *error)
    __attribute__((warn_unused_result));
/* Of the last step, if that was CAPTURE_DAMAGED. */
enum capture_damage capture_format_damage(const struct capture_format *format);
/* LINKTYPE_ number of the last frame's interface. */
int capture_format_link_type(const struct capture_format *format);

#endif
