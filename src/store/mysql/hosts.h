/* The servers that a store's URL names, of which one is connected to. */
#ifndef FLOWIMPORT_STORE_MYSQL_HOSTS_H
#define FLOWIMPORT_STORE_MYSQL_HOSTS_H

#include "base/url.h"
#include "store/mysql/mysql_store.h"

void mysql_hosts_read(struct mysql_store *store, const struct url *url);
void mysql_hosts_release(struct mysql_store *store);
/* The next connection is to the next one. */
void mysql_hosts_next(struct mysql_store *store);
/* Why a host was not connected to, behind what the text says of those before it: each of n has its share of the size,
 * and at least enough for the beginning of its error. */
void mysql_hosts_tell(char *text, size_t size, unsigned n, const char *why);
/* "host:port", or "localhost". */
void mysql_host_show(const struct mysql_host *host, char *out, size_t size);

#endif
