/* What a process may, given up when it needs it no more. */
#ifndef FLOWIMPORT_DAEMON_PRIVILEGES_H
#define FLOWIMPORT_DAEMON_PRIVILEGES_H

#include "base/error.h"

/* Root becomes `user` (NULL: stays), with that account's groups; every capability of anybody is gone afterwards, and
 * can't be regained. To be called before there are threads: capabilities are a thread's. 0, or -1 with the error set.
 */
int privileges_drop(const char *user, struct error *error) __attribute__((warn_unused_result));

#endif
