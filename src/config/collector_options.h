/* What the options of [collector] must be. */
#ifndef FLOWIMPORT_CONFIG_COLLECTOR_OPTIONS_H
#define FLOWIMPORT_CONFIG_COLLECTOR_OPTIONS_H

#include "config/config.h"

/* Adds an error for each option of [collector] that can't be. */
void collector_options_check(struct config *config);

#endif
