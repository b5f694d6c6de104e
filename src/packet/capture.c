/* An interface through libpcap: opening it, reading it without blocking for long, living through its ups and downs. */
#include "packet/capture.h"

#include <net/if.h>
#include <net/if_arp.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum {
    BLOCK_MS = 100, /* how long the kernel fills a block of the ring before it is handed over */
};

const char *capture_link_name(int link_type) { return pcap_datalink_val_to_name(link_type); }

struct capture {
    const struct capture_config *config;
    pcap_t *pcap;
    int socket; /* to ask for the interface's state */
    struct capture_counters counters;
    struct capture_origin origin;
    bool failed; /* the last read */
    /* of the call under way */
    capture_frame_fn *frame;
    void *context;
};

/* The text of a failed call: what libpcap says, or what its status means. */
static int failed(const struct capture *capture, const char *what, int status, struct error *error) {
    const char *text = pcap_geterr(capture->pcap);
    if (status == PCAP_ERROR_PERM_DENIED)
        return error_set(error,
                         "interface '%s': no permission to capture: start as root, or give the program CAP_NET_RAW "
                         "(and CAP_NET_ADMIN for promiscuous mode)",
                         capture->config->interface);
    return error_set(error, "interface '%s': %s%s%s", capture->config->interface, what, *what ? ": " : "",
                     *text && status == PCAP_ERROR ? text : pcap_statustostr(status));
}

int capture_filter(struct capture *capture, const char *filter, struct error *error) {
    struct bpf_program program;
    if (pcap_compile(capture->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return error_set(error, "filter '%s': %s", filter, pcap_geterr(capture->pcap));
    int status = pcap_setfilter(capture->pcap, &program);
    pcap_freecode(&program);
    return status == 0 ? 0 : failed(capture, "filter", status, error);
}

static int activate(struct capture *capture, struct error *error) {
    const struct capture_config *config = capture->config;
    char text[PCAP_ERRBUF_SIZE];
    int buffer = (int)(config->buffer < INT32_MAX ? config->buffer : INT32_MAX);
    int status = pcap_set_snaplen(capture->pcap, (int)config->snaplen);
    if (status == 0) status = pcap_set_promisc(capture->pcap, config->promiscuous);
    if (status == 0) status = pcap_set_timeout(capture->pcap, BLOCK_MS);
    if (status == 0) status = pcap_set_buffer_size(capture->pcap, buffer);
    if (status == 0) status = pcap_activate(capture->pcap);
    if (status < 0) return failed(capture, "", status, error);
    /* With it frames say which interface they come through; old versions of libpcap have it not. */
    if (strcmp(config->interface, "any") == 0) (void)!pcap_set_datalink(capture->pcap, DLT_LINUX_SLL2);
    if (status > 0)
        log_warning("capture", "interface '%s': %s", config->interface,
                    status == PCAP_WARNING ? pcap_geterr(capture->pcap) : pcap_statustostr(status));
    if (config->filter && capture_filter(capture, config->filter, error) != 0) return -1;
    if (pcap_setnonblock(capture->pcap, 1, text) != 0)
        return error_set(error, "interface '%s': %s", config->interface, text);
    capture->counters.up = true;
    return 0;
}

/* The address is of use where frames have one. */
static void origin_find(struct capture *capture) {
    static const uint8_t none[6];
    struct ifreq request = {.ifr_flags = 0};
    capture->origin.interface = if_nametoindex(capture->config->interface);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", capture->config->interface);
    if (capture->socket < 0 || ioctl(capture->socket, SIOCGIFHWADDR, &request) != 0) return;
    memcpy(capture->origin.mac, request.ifr_hwaddr.sa_data, sizeof capture->origin.mac);
    capture->origin.has_mac =
        request.ifr_hwaddr.sa_family == ARPHRD_ETHER && memcmp(capture->origin.mac, none, sizeof none) != 0;
}

struct capture *capture_open(const struct capture_config *config, struct error *error) {
    char text[PCAP_ERRBUF_SIZE];
    struct capture *capture = mem_zalloc(1, sizeof *capture);
    capture->config = config;
    capture->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    capture->pcap = pcap_create(config->interface, text);
    if (capture->pcap && activate(capture, error) == 0) {
        origin_find(capture);
        return capture;
    }
    if (!capture->pcap) error_set(error, "interface '%s': %s", config->interface, text);
    capture_close(capture);
    return NULL;
}

void capture_close(struct capture *capture) {
    if (!capture) return;
    if (capture->pcap) pcap_close(capture->pcap);
    if (capture->socket >= 0) close(capture->socket);
    free(capture);
}

int capture_link_type(const struct capture *capture) { return pcap_datalink(capture->pcap); }

const struct capture_origin *capture_origin(const struct capture *capture) { return &capture->origin; }

static void on_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes) {
    struct capture *capture = (struct capture *)(void *)user;
    const struct capture_frame frame = {.time_us = (int64_t)header->ts.tv_sec * 1000000 + header->ts.tv_usec,
                                        .bytes = bytes,
                                        .captured = header->caplen,
                                        .original = header->len};
    capture->counters.frames++;
    capture->frame(capture->context, &frame);
}

void capture_wait(struct capture *const *captures, unsigned n, int wait_ms) {
    struct pollfd ready[CAPTURE_INTERFACES_MAX];
    bool failed = false;
    for (unsigned i = 0; i < n; i++) {
        ready[i] = (struct pollfd){.fd = pcap_get_selectable_fd(captures[i]->pcap), .events = POLLIN};
        failed |= captures[i]->failed;
    }
    if (failed) poll(NULL, 0, wait_ms);      /* it would be readable all the time */
    if (poll(ready, n, wait_ms) < 0) return; /* a signal: fine */
}

int capture_read(struct capture *capture, capture_frame_fn *frame, void *context, struct error *error) {
    const char *name = capture->config->interface;
    capture->frame = frame;
    capture->context = context;
    int n = pcap_dispatch(capture->pcap, -1, on_frame, (u_char *)capture);
    capture->failed = n < 0;
    if (n >= 0) return n;
    /* One that is down comes back, and the socket stays bound to it; one that was removed does not. */
    if (strcmp(name, "any") != 0 && if_nametoindex(name) == 0) return error_set(error, "interface '%s': removed", name);
    log_warning("capture", "interface '%s': %s", name, pcap_geterr(capture->pcap));
    return 0;
}

/* libpcap says nothing of an interface that is down: it has no frames. */
static void state_look(struct capture *capture) {
    struct ifreq request = {.ifr_flags = 0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", capture->config->interface);
    if (capture->socket < 0 || ioctl(capture->socket, SIOCGIFFLAGS, &request) != 0) return; /* "any" */
    bool up = (request.ifr_flags & IFF_UP) && (request.ifr_flags & IFF_RUNNING);
    if (up == capture->counters.up) return;
    capture->counters.up = up;
    capture->counters.downs += !up;
    if (up)
        log_notice("capture", "interface '%s' is up again", capture->config->interface);
    else
        log_warning("capture", "interface '%s' is down; waiting for it", capture->config->interface);
}

void capture_look(struct capture *capture) {
    struct pcap_stat stat;
    state_look(capture);
    if (pcap_stats(capture->pcap, &stat) != 0) return;
    capture->counters.dropped = stat.ps_drop;
    capture->counters.interface_dropped = stat.ps_ifdrop;
}

const struct capture_counters *capture_counters(const struct capture *capture) { return &capture->counters; }
