/* A query that another thread ends: the socket that it may shut down. */
#ifndef FLOWIMPORT_STORE_MYSQL_CANCEL_H
#define FLOWIMPORT_STORE_MYSQL_CANCEL_H

#include "store/mysql/mysql_store.h"

/* The connection's file descriptor. */
int mysql_socket(MYSQL *mysql);
void mysql_cancel_init(struct mysql_store *store);
void mysql_cancel_release(struct mysql_store *store);
void mysql_cancel_arm(struct mysql_store *store); /* the connection is there */
void mysql_cancel_disarm(struct mysql_store *store);
/* From any thread; as store_ops has it. */
void mysql_store_cancel(struct store *store);

#endif
