/* The folders that a program is about to write to: there, and its own, before it starts. */
#ifndef FLOWIMPORT_CONFIG_FOLDERS_H
#define FLOWIMPORT_CONFIG_FOLDERS_H

#include "config/config.h"

/* Adds an error, with the line of the option and what to do, if the folder of a SQLite store is missing or may not be
 * written to by this process. 0 or -1. */
int folders_check_store(struct config *config) __attribute__((warn_unused_result));
/* The same of all that flowimportd writes to: store, spool and the collector's state, as far as the configuration has
 * it use them. */
int folders_check_service(struct config *config) __attribute__((warn_unused_result));

#endif
