/* How the server and we make sure of each other: TLS, and the password's way. */
#ifndef FLOWIMPORT_STORE_MYSQL_LOGIN_H
#define FLOWIMPORT_STORE_MYSQL_LOGIN_H

#include "base/url.h"
#include "store/mysql/mysql_store.h"

/* Of the URL's parameters and the configuration. 0, or -1 with the error set. */
int mysql_login_read(struct mysql_login *login, const struct url *url, const struct store_config *config,
                     struct error *error);
void mysql_login_release(struct mysql_login *login);
/* For a connection that is to be made; is_local: through a UNIX socket. */
void mysql_login_set(MYSQL *mysql, const struct mysql_login *login, bool is_local);
/* Of a connection that is made: 0, or -1 with the error set where TLS is required, and there is none. */
int mysql_login_check(MYSQL *mysql, const struct mysql_login *login, const char *what, struct error *error);
/* A word out of n, of a parameter of the URL; without it *index stays. 0, or -1 with the error set. */
int mysql_word_read(const struct url *url, const char *name, const char *const *words, unsigned n, unsigned *index,
                    struct error *error);

#endif
