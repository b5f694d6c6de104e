/* The options of [capture] in the words of the meter. */
#ifndef FLOWIMPORT_CONFIG_CAPTURE_OPTIONS_H
#define FLOWIMPORT_CONFIG_CAPTURE_OPTIONS_H

#include <net/if.h>

#include "export/exporter.h"
#include "meter/meter.h"
#include "config/config.h"

/* The names of [capture] interface. */
struct capture_interfaces {
    unsigned n;
    char at[CAPTURE_INTERFACES_MAX][IFNAMSIZ];
};
/* Reads "eth0, eth1". 0, or -1 with the error set. */
int capture_options_interfaces(const char *text, struct capture_interfaces *interfaces, struct error *error)
    __attribute__((warn_unused_result));
/* Adds an error for each option of [capture] that can't be. */
void capture_options_check(struct config *config);
/* Of a configuration that was checked. The rules are released by the caller; the seed is its business, too. */
void capture_options_meter(const struct config *config, struct meter_rules *rules, struct meter_config *meter);
/* How packets are decoded, captured ones and those whose first bytes exporters send. */
void capture_options_packet(const struct config *config, struct packet_options *packet);
/* The options of [export], with what else an exporter is given; all borrowed. */
void capture_options_exporter(const struct config *config, const struct meter_template *templates, unsigned n,
                              const struct clock *clock, struct exporter_config *exporter);
/* Of all in the configuration that decides which flows a file has; not 0. */
int64_t capture_options_fingerprint(const struct config *config);

#endif
