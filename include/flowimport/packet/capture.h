/* A live capture: an interface, opened by libpcap. Opening needs CAP_NET_RAW, and CAP_NET_ADMIN for promiscuous mode;
 * reading needs nothing. Used by one thread at a time. */
#ifndef FLOWIMPORT_PACKET_CAPTURE_H
#define FLOWIMPORT_PACKET_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct capture; /* opaque */

struct capture_config {
    const char *interface; /* its name, or "any" for all of them */
    const char *filter;    /* pcap-filter(7); NULL: all frames */
    bool promiscuous;      /* "any" takes no notice */
    uint32_t snaplen;      /* bytes of a frame; 1 to 262144 */
    uint64_t buffer;       /* bytes of the kernel's ring */
};

struct capture_counters {
    uint64_t frames;            /* handed on */
    uint64_t dropped;           /* by the kernel: the ring was full */
    uint64_t interface_dropped; /* by the interface or its driver, where they tell */
    uint64_t downs;             /* times that the interface went down */
    bool up;
};

/* Where frames come through, as far as they don't say themselves. */
struct capture_origin {
    uint32_t interface; /* its index; 0: several, or none */
    bool has_mac;       /* its address is known: frames from it go out */
    uint8_t mac[6];
};

/* A frame: good until the callback returns. */
struct capture_frame {
    int64_t time_us; /* since 1970 */
    const uint8_t *bytes;
    size_t captured, original;
};
typedef void capture_frame_fn(void *context, const struct capture_frame *frame);

/* NULL with the error set: no such interface, no permission, a filter that is none. Texts are borrowed until
 * capture_close(). */
struct capture *capture_open(const struct capture_config *config, struct error *error);
void capture_close(struct capture *capture);
/* Another filter from now on, "" for none. 0, or -1 with the error set. */
int capture_filter(struct capture *capture, const char *filter, struct error *error)
    __attribute__((warn_unused_result));
/* libpcap's name of a link type, also of those that packet_decode() doesn't know; NULL: it has none. */
const char *capture_link_name(int link_type);
/* libpcap's DLT_ number of the frames. */
int capture_link_type(const struct capture *capture);
/* Of the interface; "any": of none, as its frames say where they come through. Borrowed. */
const struct capture_origin *capture_origin(const struct capture *capture);

enum { CAPTURE_INTERFACES_MAX = 16 }; /* at a time */

/* Waits for frames of any of up to CAPTURE_INTERFACES_MAX, at most wait_ms. */
void capture_wait(struct capture *const *captures, unsigned n, int wait_ms);
/* Hands on the frames that are there. Returns how many there were, or -1 with the error set where the interface was
 * removed. One that is down has no frames until it is up again. */
int capture_read(struct capture *capture, capture_frame_fn *frame, void *context, struct error *error)
    __attribute__((warn_unused_result));
/* Asks the kernel for its part of the counters, and logs what became of the interface since. */
void capture_look(struct capture *capture);
const struct capture_counters *capture_counters(const struct capture *capture);

#endif
