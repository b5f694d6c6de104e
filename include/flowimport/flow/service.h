/* The *service* of a flow: one port for both of its ends, the one that says what was talked about.
 *
 * 1. Protocols without ports (all but TCP, UDP, DCCP, SCTP and UDP-Lite) have service 0.
 * 2. A port is registered if it is from 1 to 1023 (the system ports of RFC 6335) or in service_registered. If one of
 *    the two ports is registered, it is the service; if both are, the smaller one.
 * 3. Otherwise the service is the smaller of the two ports, of those that are not 0 (which is an unknown port), if it
 *    is less than SERVICE_EPHEMERAL.
 * 4. Otherwise it is 0: both ports are ephemeral.
 *
 * Both directions of a conversation have the same service. The rule depends on nothing but the three values, not on
 * /etc/services: rows that are stored under a service agree with what is worked out of other rows years later, on
 * another host. */
#ifndef FLOWIMPORT_FLOW_SERVICE_H
#define FLOWIMPORT_FLOW_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/* Clients begin here: Linux' net.ipv4.ip_local_port_range. BSD, macOS and Windows begin at 49152 (RFC 6335). */
enum { SERVICE_EPHEMERAL = 32768, SERVICE_SYSTEM = 1023 };

/* Ascending: registered ports beyond SERVICE_SYSTEM at which servers are in wide use. */
extern const uint16_t service_registered[];
extern const unsigned service_n_registered;
/* The protocols that have ports, ascending. */
extern const uint8_t service_protocols[];
extern const unsigned service_n_protocols;

bool service_is_registered(uint16_t port);
uint16_t service_of(uint16_t source_port, uint16_t destination_port, uint8_t protocol);

#endif
