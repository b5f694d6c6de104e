/* Exporters one by one, for who watches. */
#ifndef FLOWIMPORT_COLLECT_MESSAGE_EXPORTERS_H
#define FLOWIMPORT_COLLECT_MESSAGE_EXPORTERS_H

#include "collect/decoder.h"

/* Shows each exporter and observation domain by itself; the module is open. */
void message_exporters_show(const struct message_decoder *decoder, struct show *show);

#endif
