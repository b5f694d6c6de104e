/* Ending a query from another thread. Nothing can be said on its connection, and a second one could not be made without
 * waiting: so the socket is shut down, and the query's own thread, which finds its connection lost, has the server kill
 * what still runs there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "store/mysql/mysql_store.h"

enum { NO_SOCKET = -1 };

void mysql_cancel_init(struct mysql_store *store) {
    pthread_mutex_init(&store->socket_lock, NULL);
    store->socket_fd = NO_SOCKET;
}

void mysql_cancel_release(struct mysql_store *store) { pthread_mutex_destroy(&store->socket_lock); }

void mysql_cancel_arm(struct mysql_store *store) {
    pthread_mutex_lock(&store->socket_lock);
#ifdef MARIADB_BASE_VERSION
    store->socket_fd = (int)mysql_get_socket(store->mysql);
#else
    store->socket_fd = (int)store->mysql->net.fd;
#endif
    pthread_mutex_unlock(&store->socket_lock);
}

void mysql_cancel_disarm(struct mysql_store *store) {
    pthread_mutex_lock(&store->socket_lock);
    store->socket_fd = NO_SOCKET;
    pthread_mutex_unlock(&store->socket_lock);
}

void mysql_store_cancel(struct store *base) {
    struct mysql_store *store = mysql_own(base);
    pthread_mutex_lock(&store->socket_lock);
    if (store->socket_fd != NO_SOCKET) shutdown(store->socket_fd, SHUT_RDWR);
    pthread_mutex_unlock(&store->socket_lock);
}

enum store_status mysql_time_limit(struct mysql_store *store, struct error *error) {
    char sql[80];
    bool is_mariadb = strstr(mysql_get_server_info(store->mysql), "MariaDB") != NULL;
    if (!store->query_ms) return STORE_OK;
    int len = is_mariadb ? snprintf(sql, sizeof sql, "SET SESSION max_statement_time = %" PRId64 ".%03d",
                                    store->query_ms / 1000, (int)(store->query_ms % 1000))
                         : snprintf(sql, sizeof sql, "SET SESSION max_execution_time = %" PRId64, store->query_ms);
    return mysql_run(store, sql, (size_t)len, "session", error);
}

void mysql_cancel_finish(struct mysql_store *store, unsigned long connection) {
    char sql[48];
    if (store->mysql || mysql_ensure(store, NULL) != STORE_OK) return;
    int len = snprintf(sql, sizeof sql, "KILL %lu", connection);
    /* Fails where it has ended by itself. */
    if (mysql_run(store, sql, (size_t)len, "kill", NULL) != STORE_OK) return;
}
