/* Flows as messages of IPFIX (RFC 7011; biflows by RFC 5103) or NetFlow v9 (RFC 3954). Bytes out; no I/O.
 *
 * A rule has a template for each family, and in IPFIX two more for biflows: the same fields, then those of the reverse
 * direction with the enterprise number of RFC 5103. Flows without a reverse direction keep to the first two, so that
 * nobody reads its absence as a flow of 0 packets. NetFlow v9 knows no reverse elements: there a biflow is two records.
 * Its template has only what has a number below 128, and its times are milliseconds since a moment, the "boot", of
 * which the writer says that it was a day before the earliest flow; a flow that started more than 49 days before the
 * message has its times cut to that. */
#ifndef FLOWIMPORT_EXPORT_IPFIX_WRITER_H
#define FLOWIMPORT_EXPORT_IPFIX_WRITER_H

#include "meter/meter_flow.h"

enum {
    IPFIX_MESSAGE_MIN = 640,   /* bytes: the longest record fits, and the longest template */
    IPFIX_MESSAGE_MAX = 65507, /* what a UDP datagram holds */
    IPFIX_RULES_MAX = 1024,
};

struct ipfix_config {
    bool netflow9;
    bool uniflows;          /* a biflow is two records, as always in NetFlow v9 */
    uint32_t domain;        /* observation domain id; in NetFlow v9 the source id */
    uint32_t sampling;      /* 1 in so many packets was looked at: a collector is told, and multiplies by itself */
    unsigned message_bytes; /* IPFIX_MESSAGE_MIN to IPFIX_MESSAGE_MAX */
    const struct meter_template *templates; /* of the rules; borrowed while the writer is made */
    unsigned n_templates;                   /* up to IPFIX_RULES_MAX */
    /* Takes a whole message with `records` flows in it; the bytes are the writer's again afterwards. Its sequence
     * number is to be set when it is sent. Must not call the writer. */
    void (*send)(void *context, const uint8_t *message, size_t len, unsigned records);
    void *context;
};

struct ipfix_writer; /* opaque */

struct ipfix_writer *ipfix_writer_new(const struct ipfix_config *config);
void ipfix_writer_free(struct ipfix_writer *writer);
/* Each may send messages; `now_us` is the export time of what it sends. */
void ipfix_writer_templates(struct ipfix_writer *writer,
                            int64_t now_us); /* every template, and the sampling interval */
void ipfix_writer_flow(struct ipfix_writer *writer, unsigned rule, const struct meter_flow *flow, int64_t now_us);
void ipfix_writer_flush(struct ipfix_writer *writer, int64_t now_us); /* sends what is begun */
bool ipfix_writer_is_empty(const struct ipfix_writer *writer);        /* nothing is begun */

/* Sets the sequence number of a message of either protocol. Returns that of the next one: IPFIX counts data records,
 * NetFlow v9 messages. */
uint32_t ipfix_message_stamp(uint8_t *message, unsigned records, uint32_t sequence);

#endif
