/* The servers that a store's URL names, of which one is connected to. */
#ifndef FLOWIMPORT_STORE_MYSQL_HOSTS_H
#define FLOWIMPORT_STORE_MYSQL_HOSTS_H

#include "base/url.h"
#include "store/mysql/mysql_store.h"

void mysql_hosts_read(struct mysql_store *store, const struct url *url);
void mysql_hosts_release(struct mysql_store *store);
/* The next connection is to the next one. */
void mysql_hosts_next(struct mysql_store *store);
/* "host:port", or "localhost". */
void mysql_host_show(const struct mysql_host *host, char *out, size_t size);

#endif
