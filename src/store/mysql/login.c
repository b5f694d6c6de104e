/* How the server and we make sure of each other, with MySQL's client library and with MariaDB's. */
#include "store/mysql/login.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"

#if defined(MARIADB_BASE_VERSION) || MYSQL_VERSION_ID < 80000
typedef my_bool option_bool;
#else
typedef bool option_bool; /* Oracle's client gave its own type up */
#endif

static char *dup_or_null(const char *text) { return text && *text ? mem_strdup(text) : NULL; }

int mysql_word_read(const struct url *url, const char *name, const char *const *words, unsigned n, unsigned *index,
                    struct error *error) {
    const char *value = url_param(url, name);
    struct buffer expected = BUFFER_INIT;
    if (!value) return 0;
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(words[i], value) == 0) {
            buffer_release(&expected);
            *index = i;
            return 0;
        }
        buffer_printf(&expected, "%s'%s'", i == 0 ? "" : i + 1 < n ? ", " : " or ", words[i]);
    }
    error_set(error, "?%s=%s: expected %s", name, value, expected.data);
    buffer_release(&expected);
    return -1;
}

int mysql_login_read(struct mysql_login *login, const struct url *url, const struct store_config *config,
                     struct error *error) {
    static const char *const words[] = {[MYSQL_TLS_OFF] = "no",
                                        [MYSQL_TLS_PREFERRED] = "preferred",
                                        [MYSQL_TLS_REQUIRED] = "required",
                                        [MYSQL_TLS_CA] = "verify-ca",
                                        [MYSQL_TLS_VERIFY] = "verify"};
    static const char *const yes_no[] = {"no", "yes"};
    bool required = config->tls_required, has_ca = config->tls_ca && *config->tls_ca;
    unsigned tls = required ? MYSQL_TLS_REQUIRED : MYSQL_TLS_PREFERRED, get_key = 0;
    if (mysql_word_read(url, "tls", words, 5, &tls, error) != 0 ||
        mysql_word_read(url, "get-server-public-key", yes_no, 2, &get_key, error) != 0)
        return -1;
    if (tls < MYSQL_TLS_REQUIRED && (required || (tls == MYSQL_TLS_OFF && has_ca)))
        return error_set(error, "?tls=%s contradicts %s", words[tls], required ? "tls_required" : "tls_ca");
    if (has_ca && tls < MYSQL_TLS_CA) tls = MYSQL_TLS_VERIFY; /* who names an authority wants it asked */
    login->tls = (enum mysql_tls)tls;
    login->get_key = get_key == 1;
    login->ca = dup_or_null(config->tls_ca);
    login->cert = dup_or_null(config->tls_cert);
    login->key = dup_or_null(config->tls_key);
    return 0;
}

void mysql_login_release(struct mysql_login *login) {
    free(login->ca);
    free(login->cert);
    free(login->key);
}

#if defined(MARIADB_BASE_VERSION) && MARIADB_PACKAGE_VERSION_ID >= 30402

/* Since 3.4, MariaDB's library checks the name whenever there is an authority to check, unless it is asked to leave all
 * to a function. That isn't told which connection it is for. */
static _Thread_local MYSQL *connecting;

/* 0: what the handshake has found out of the chain of certificates is good. */
static int authority_check(void *tls, unsigned flags) {
    (void)tls, (void)flags;
    return (connecting->net.tls_verify_status & ~MARIADB_TLS_VERIFY_HOST) != 0;
}

static void authority_alone(MYSQL *mysql) {
    const char *library = NULL;
    connecting = mysql;
    /* Others find nothing out in the handshake; with them the name is checked, too. */
    if (mariadb_get_infov(mysql, MARIADB_TLS_LIBRARY, &library) == 0 && library && strstr(library, "OpenSSL"))
        mysql_options(mysql, MARIADB_OPT_TLS_VERIFICATION_CALLBACK, (const void *)authority_check);
}

#elif defined(MARIADB_BASE_VERSION)

static void authority_alone(MYSQL *mysql) { (void)mysql; } /* it does so by itself */

#endif

void mysql_login_set(MYSQL *mysql, const struct mysql_login *login, bool is_local) {
    if (login->ca) mysql_options(mysql, MYSQL_OPT_SSL_CA, login->ca);
    if (login->cert) mysql_options(mysql, MYSQL_OPT_SSL_CERT, login->cert);
    if (login->key) mysql_options(mysql, MYSQL_OPT_SSL_KEY, login->key);
#ifdef MARIADB_BASE_VERSION
    /* It uses TLS where the server offers it, and goes on without where not: mysql_login_check looks. It asks for the
     * server's key by itself. With an authority it checks the chain, and with the second option the name, too. */
    if (login->tls == MYSQL_TLS_CA) authority_alone(mysql);
    option_bool wanted = login->tls >= MYSQL_TLS_REQUIRED || (login->tls == MYSQL_TLS_PREFERRED && !is_local);
    option_bool verify = login->tls == MYSQL_TLS_VERIFY;
    if (wanted) mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &wanted);
    mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
#else
    static const unsigned modes[] = {[MYSQL_TLS_OFF] = SSL_MODE_DISABLED,
                                     [MYSQL_TLS_PREFERRED] = SSL_MODE_PREFERRED,
                                     [MYSQL_TLS_REQUIRED] = SSL_MODE_REQUIRED,
                                     [MYSQL_TLS_CA] = SSL_MODE_VERIFY_CA,
                                     [MYSQL_TLS_VERIFY] = SSL_MODE_VERIFY_IDENTITY};
    option_bool get_key = login->get_key;
    (void)is_local; /* it prefers none there by itself */
    mysql_options(mysql, MYSQL_OPT_SSL_MODE, &modes[login->tls]);
    mysql_options(mysql, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &get_key);
#endif
}

int mysql_login_check(MYSQL *mysql, const struct mysql_login *login, const char *what, struct error *error) {
    if (login->tls < MYSQL_TLS_REQUIRED || mysql_get_ssl_cipher(mysql)) return 0;
    return error_set(error, "%s: TLS is required, but the server does not offer it", what);
}
