/* Which interfaces are on top of others, and a filter by which a frame that passes several of them counts once. */
#include "packet/stacked.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- asking the kernel --- */

enum { ANSWER_BYTES = 32768 }; /* as rtnetlink(7) wants it for dumps */

static uint32_t attribute_number(const struct rtattr *attribute) {
    uint32_t number = 0;
    memcpy(&number, RTA_DATA(attribute), sizeof number);
    return number;
}

static bool is_vlan(const struct rtattr *info) {
    const struct rtattr *at = RTA_DATA(info);
    for (unsigned left = (unsigned)RTA_PAYLOAD(info); RTA_OK(at, left); at = RTA_NEXT(at, left))
        if (at->rta_type == IFLA_INFO_KIND)
            return RTA_PAYLOAD(at) >= sizeof "vlan" && memcmp(RTA_DATA(at), "vlan", sizeof "vlan") == 0;
    return false;
}

static void link_read(const struct nlmsghdr *message, struct stacked_link *link) {
    const struct ifinfomsg *info = NLMSG_DATA(message);
    const struct rtattr *at = IFLA_RTA(info);
    unsigned left = (unsigned)IFLA_PAYLOAD(message);
    bool vlan = false, elsewhere = false;
    *link = (struct stacked_link){.index = (uint32_t)info->ifi_index};
    for (; RTA_OK(at, left); at = RTA_NEXT(at, left)) {
        size_t len = RTA_PAYLOAD(at);
        switch (at->rta_type & NLA_TYPE_MASK) {
        case IFLA_IFNAME:
            memcpy(link->name, RTA_DATA(at), len < sizeof link->name ? len : sizeof link->name - 1);
            break;
        case IFLA_MASTER: link->master = len == 4 ? attribute_number(at) : 0; break;
        case IFLA_LINK: link->lower = len == 4 ? attribute_number(at) : 0; break;
        case IFLA_LINKINFO: vlan = is_vlan(at); break;
        case IFLA_LINK_NETNSID: elsewhere = true; break;
        default: break;
        }
    }
    if (!vlan || elsewhere) link->lower = 0;
}

static int answers_read(int fd, struct stacked_link *links, struct error *error) {
    _Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
    int n = 0;
    for (;;) {
        ssize_t bytes = recv(fd, answer, sizeof answer, 0);
        if (bytes <= 0) return error_set(error, "netlink: %s", bytes < 0 ? strerror(errno) : "no answer");
        unsigned left = (unsigned)bytes;
        for (const struct nlmsghdr *at = (const void *)answer; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
            if (at->nlmsg_type == NLMSG_DONE) return n;
            if (at->nlmsg_type == NLMSG_ERROR) return error_set(error, "netlink: the list of interfaces is refused");
            if (at->nlmsg_type == RTM_NEWLINK && n < STACKED_LINKS_MAX) link_read(at, &links[n++]);
        }
    }
}

int stacked_links(struct stacked_link links[STACKED_LINKS_MAX], struct error *error) {
    struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
    } request = {
        .header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .info = {.ifi_family = AF_UNSPEC}};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) return error_set(error, "netlink: %s", strerror(errno));
    int n = send(fd, &request, sizeof request, 0) < 0 ? error_set(error, "netlink: %s", strerror(errno))
                                                      : answers_read(fd, links, error);
    close(fd);
    return n;
}

/* --- what follows --- */

static bool is_master(const struct stacked_link *links, unsigned n, uint32_t index) {
    for (unsigned i = 0; i < n; i++)
        if (links[i].master == index) return true;
    return false;
}

static const char *name_of(const struct stacked_link *links, unsigned n, uint32_t index) {
    for (unsigned i = 0; i < n; i++)
        if (links[i].index == index) return links[i].name;
    return "?";
}

static void part_add(struct buffer *filter, const char *direction, uint32_t index) {
    buffer_printf(filter, "%s(%sifindex %u)", filter->len ? " or " : "", direction, index);
}

void stacked_filter(const struct stacked_link *links, unsigned n, struct buffer *filter) {
    struct buffer parts = BUFFER_INIT;
    for (unsigned i = 0; i < n; i++) {
        const struct stacked_link *link = &links[i];
        if (link->lower) {
            part_add(&parts, "", link->index);
            continue;
        }
        if (link->master) part_add(&parts, "outbound and ", link->index);
        if (is_master(links, n, link->index)) part_add(&parts, "inbound and ", link->index);
    }
    if (parts.len) buffer_printf(filter, "not (%s)", parts.data);
    buffer_release(&parts);
}

static void ports_describe(const struct stacked_link *links, unsigned n, uint32_t master, struct buffer *out) {
    const char *separator = " (";
    for (unsigned i = 0; i < n; i++) {
        if (links[i].master != master) continue;
        buffer_printf(out, "%s%s", separator, links[i].name);
        separator = ", ";
    }
    buffer_add_text(out, ")");
}

void stacked_describe(const struct stacked_link *links, unsigned n, struct buffer *out) {
    for (unsigned i = 0; i < n; i++) {
        const struct stacked_link *link = &links[i];
        bool master = is_master(links, n, link->index);
        if (!master && !link->lower) continue;
        buffer_printf(out, "%s%s", out->len ? ", " : "", link->name);
        if (link->lower) buffer_printf(out, " on %s", name_of(links, n, link->lower));
        if (master) ports_describe(links, n, link->index, out);
    }
}
