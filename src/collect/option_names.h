/* What exporters call their interfaces, applications and VRFs, in records of options: interfaceName and
 * interfaceDescription (82, 83), applicationId with its name and description (95, 96, 94; RFC 6759), ingressVRFID or
 * egressVRFID with VRFname (234, 235, 236); of NetFlow v9 by the same numbers. */
#ifndef FLOWIMPORT_COLLECT_OPTION_NAMES_H
#define FLOWIMPORT_COLLECT_OPTION_NAMES_H

#include "collect/decoder.h"

/* The exporter is the context's, unless the record names one. */
void option_names_take(struct message_decoder *decoder, const struct data_record_plan *plan,
                       const struct data_record_context *context, const uint8_t *bytes, size_t len);

#endif
