/* Ending a query from another thread. Nothing can be said on its connection, and a second one could not be made without
 * waiting: so the socket is shut down, and the query's own thread, which finds its connection lost, has the server kill
 * what still runs there. */
#include "store/mysql/cancel.h"

#include <sys/socket.h>

enum { NO_SOCKET = -1 };

void mysql_cancel_init(struct mysql_store *store) {
    pthread_mutex_init(&store->socket_lock, NULL);
    store->socket_fd = NO_SOCKET;
}

void mysql_cancel_release(struct mysql_store *store) { pthread_mutex_destroy(&store->socket_lock); }

int mysql_socket(MYSQL *mysql) {
#ifdef MARIADB_BASE_VERSION
    return (int)mysql_get_socket(mysql);
#else
    return (int)mysql->net.fd;
#endif
}

void mysql_cancel_arm(struct mysql_store *store) {
    pthread_mutex_lock(&store->socket_lock);
    store->socket_fd = mysql_socket(store->mysql);
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
