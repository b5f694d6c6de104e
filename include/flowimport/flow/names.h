/* The system's names of protocols and services (/etc/protocols, /etc/services), read once. */
#ifndef FLOWIMPORT_FLOW_NAMES_H
#define FLOWIMPORT_FLOW_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads both tables; call before threads are started. Without the files a dozen built-in protocol names remain. */
void names_init(void);
/* The number of a protocol's name or alias in any case, or -1. */
int protocol_number(const char *name, size_t len);
const char *protocol_name(uint8_t number); /* NULL: none */
/* Whether a service is registered at the port for tcp or udp; for other protocols: for either. */
bool service_known(uint16_t port, uint8_t protocol);
/* The port of a service's name or alias: for udp that of udp before that of tcp, else the other way round. -1: none. */
int service_port(const char *name, size_t len, uint8_t protocol);
/* "https"; protocol 0: the tcp name, else the udp one. NULL: none. */
const char *service_name(uint16_t port, uint8_t protocol);

#endif
