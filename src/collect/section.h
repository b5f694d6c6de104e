/* Packets whose first bytes an exporter sends as they were (PSAMP, RFC 5477: dataLinkFrameSection,
 * ipHeaderPacketSection; Juniper, Cisco's and others' "monitored packets"): taken apart as sFlow's headers are, into
 * records of the same shape.
 *
 * Ethernet frames (where dataLinkFrameType says nothing else) and IP packets. A record is of one packet; its octets are
 * those of the IP header, or where these are 0, dataLinkFrameSize's. */
#ifndef FLOWIMPORT_COLLECT_SECTION_H
#define FLOWIMPORT_COLLECT_SECTION_H

#include "collect/sflow.h"

/* Whether the template has such bytes. */
bool section_look(const struct field_specifier *fields, unsigned n);
/* The record's packet into `record`, by sflow_fields[*family]. Returns its length; 0: there is no IP packet.
 * `options`: tunnels that are taken apart. */
size_t section_record(const struct packet_options *options, const struct data_record_plan *plan, const uint8_t *bytes,
                      size_t len, uint8_t *family, uint8_t record[SFLOW_RECORD_MAX]);

#endif
