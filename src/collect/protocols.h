/* The decoders of the protocols, as the table of message.c lists them. Each is handed a message of at least the length
 * of its header. 0, or -1 as message_decode(). */
#ifndef FLOWIMPORT_COLLECT_PROTOCOLS_H
#define FLOWIMPORT_COLLECT_PROTOCOLS_H

#include "collect/decoder.h"

int fixed_decode(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len);
int netflow9_decode(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len);
int ipfix_decode(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len);
int sflow_message_decode(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len);

/* The plans of NetFlow v5's and v7's records, and of sFlow's. */
void fixed_plans_make(struct message_decoder *decoder);
void sflow_plans_make(struct message_decoder *decoder);

#endif
