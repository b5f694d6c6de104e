/* The account that flowimportd goes on as, where root has started it. */
#ifndef FLOWIMPORT_DAEMON_ACCOUNT_H
#define FLOWIMPORT_DAEMON_ACCOUNT_H

#include <stdbool.h>

#include "config/config.h"

/* To be called when all that needs privileges is open, and before there are threads. `opened`: there is such a thing
 * (an interface, sockets), so that privileges of others than root are given up, too. Where the account is missing that
 * nobody has asked for by name, root stays root and the log says so; not with `opened`, as strangers' packets are then
 * read. 0, or -1 with the error set: no such account, or it may not write the store. */
int account_settle(const struct config *config, bool opened, struct error *error) __attribute__((warn_unused_result));

#endif
