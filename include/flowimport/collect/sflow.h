/* sFlow datagrams, version 5 (sflow.org, "sFlow Version 5", 2004): samples out, in a record of one fixed shape that
 * collect/data_record.h reads by sflow_fields. No I/O, no state, never a byte beyond those given.
 *
 * Taken: flow samples and expanded flow samples with a raw packet header (through packet_decode), sampled IPv4, sampled
 * IPv6, or sampled Ethernet; extended switch, router and gateway data. Of counter samples the counters of interfaces,
 * of discarded packets the reasons. A sample is of one packet: packets is 1, octets are the IP packet's, start and end
 * the datagram's arrival. */
#ifndef FLOWIMPORT_COLLECT_SFLOW_H
#define FLOWIMPORT_COLLECT_SFLOW_H

#include "collect/data_record.h"
#include "packet/packet.h"

enum { SFLOW_RECORD_MAX = 160, SFLOW_FIELDS_MAX = 40 };

struct sflow_header {
    uint8_t family; /* of the agent's address */
    uint8_t agent[16];
    uint32_t sub_agent, sequence, uptime_ms, n_samples;
};

struct sflow_sample {
    uint32_t source_type, source_id; /* of the data source: 0 and an ifIndex, mostly */
    uint32_t sequence;               /* of the source's flow samples */
    uint32_t sampling;               /* rate: 1 in so many packets; at least 1 */
    uint32_t pool, drops;            /* as sent */
    uint32_t input, output;          /* interfaces; 0: not known */
    bool discarded;                  /* the packet went nowhere, for this reason */
    uint32_t reason;
    uint8_t family; /* of the packet: which of the two lists of fields */
    size_t len;
    uint8_t record[SFLOW_RECORD_MAX]; /* network byte order, as sflow_fields[family] says */
};

struct sflow_counts {
    uint64_t flow_samples, counter_samples, discard_samples, unknown_samples; /* found in one datagram */
    uint64_t not_ip;                                                          /* flow samples without an IP packet */
};

/* By family: addresses, ports, protocol, ipClassOfService, tcpControlBits, ipTTL, ingressInterface, egressInterface,
 * octets, packets, vlanId, MAC addresses, bgpSourceAsNumber, bgpDestinationAsNumber, next hop, prefix lengths ... Of
 * what a sample doesn't tell the value is 0. */
extern const struct field_specifier sflow_fields[FLOW_FAMILIES][SFLOW_FIELDS_MAX];
extern const unsigned sflow_n_fields[FLOW_FAMILIES];

/* A packet as such a record. Returns the record's length. */
size_t sflow_packet_record(const struct packet *packet, uint32_t input, uint32_t output,
                           uint8_t record[SFLOW_RECORD_MAX]);

struct sflow_interface {
    uint32_t index;   /* ifIndex */
    uint64_t speed;   /* bits a second */
    uint64_t in, out; /* octets */
};

/* Who takes what is found. */
struct sflow_sink {
    const struct packet_options *options; /* tunnels that are taken apart */
    void *context;
    void (*sample)(void *context, const struct sflow_header *header, const struct sflow_sample *sample);
    /* These two may be NULL. `reason` as in sFlow's list, from 0 to 12 codes of ICMP; about `n` packets. */
    void (*interface)(void *context, const struct sflow_header *header, const struct sflow_interface *interface);
    void (*discarded)(void *context, uint32_t reason, uint64_t n);
    /* What an interface is called; may be NULL. */
    void (*name)(void *context, const struct sflow_header *header, uint32_t index, const uint8_t *name, size_t len);
};

/* Hands on each flow sample that holds an IP packet; header and counts are filled. 0, or -1: the datagram
 * breaks its format. What was found stands then, too: beside a record that is shorter than its format, and before a
 * sample that goes beyond the end. */
int sflow_decode(const uint8_t *bytes, size_t len, struct sflow_header *header, struct sflow_counts *counts,
                 const struct sflow_sink *sink) __attribute__((warn_unused_result));

#endif
