/* Names of reasons, by their codes. */
#include "collect/discard.h"

enum { ICMP_CODES = 16, FIRST_OTHER = 256 };

const char *const discard_texts[DISCARD_REASONS] = {
    /* from 0 */
    "net-unreachable", "host-unreachable", "protocol-unreachable", "port-unreachable", "fragmentation-needed",
    "source-route-failed", "net-unknown", "host-unknown", "source-isolated", "net-prohibited", "host-prohibited",
    "net-tos", "host-tos", "prohibited", "precedence-violation", "precedence-cutoff",
    /* from 256 */
    "unknown", "ttl-exceeded", "acl", "no-buffer-space", "red", "traffic-shaping", "too-big", "source-mac-multicast",
    "vlan-tag-mismatch", "ingress-vlan-filter", "spanning-tree", "no-ports", "port-loopback", "blackhole-route",
    "not-ip", "unicast-over-multicast-mac", "to-loopback-address", "from-multicast", "from-loopback-address",
    "ip-header-corrupted", "from-limited-broadcast", "multicast-reserved-scope", "multicast-interface-local",
    "unresolved-neighbor", "multicast-reverse-path", "not-routable", "decapsulation-error",
    "overlay-source-mac-multicast", "unknown-l2", "unknown-l3", "unknown-l3-exception", "unknown-buffer",
    "unknown-tunnel", "unknown-l4", "from-unspecified", "mlag-port-isolation", "blackhole-neighbor", "other"};

_Static_assert(DISCARD_OTHER == ICMP_CODES + 292 - FIRST_OTHER + 1, "the last code that has a name is 292");

unsigned discard_reason(uint32_t code) {
    if (code < ICMP_CODES) return code;
    if (code < FIRST_OTHER) return DISCARD_OTHER;
    code -= FIRST_OTHER - ICMP_CODES;
    return code < DISCARD_OTHER ? code : DISCARD_OTHER;
}
