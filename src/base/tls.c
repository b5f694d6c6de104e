/* OpenSSL, with what it leaves to its callers: whose certificate it is, and why it failed. */
#include "base/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct tls {
    SSL_CTX *context;
    SSL *ssl;
    char why[256];
};

/* The first reason in OpenSSL's queue, which is emptied. */
static const char *reason_take(char *text, size_t size, const char *otherwise) {
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(text, size, "%s", reason ? reason : otherwise);
    ERR_clear_error();
    return text;
}

static int file_failed(struct error *error, const char *what, const char *path) {
    char reason[200];
    return error_set(error, "%s %s: %s", what, path, reason_take(reason, sizeof reason, "can't be read"));
}

static int files_load(SSL_CTX *context, const struct tls_rules *rules, struct error *error) {
    if (rules->ca ? SSL_CTX_load_verify_locations(context, rules->ca, NULL) != 1
                  : SSL_CTX_set_default_verify_paths(context) != 1)
        return file_failed(error, "tls_ca", rules->ca ? rules->ca : "of the system");
    if (rules->cert && SSL_CTX_use_certificate_chain_file(context, rules->cert) != 1)
        return file_failed(error, "tls_cert", rules->cert);
    if (rules->key && SSL_CTX_use_PrivateKey_file(context, rules->key, SSL_FILETYPE_PEM) != 1)
        return file_failed(error, "tls_key", rules->key);
    return 0;
}

static bool is_address(const char *host) {
    struct in6_addr bytes;
    return inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1;
}

/* Who the other end must be. */
static bool host_expect(SSL *ssl, const struct tls_rules *rules, const char *host) {
    X509_VERIFY_PARAM *expected = SSL_get0_param(ssl);
    bool digits = is_address(host);
    if (!digits && SSL_set_tlsext_host_name(ssl, host) != 1) return false;
    if (rules->verify != TLS_VERIFY_FULL) return true;
    return digits ? X509_VERIFY_PARAM_set1_ip_asc(expected, host) == 1 : SSL_set1_host(ssl, host) == 1;
}

static int tls_init(struct tls *tls, const struct tls_rules *rules, int fd, const char *host, struct error *error) {
    tls->context = SSL_CTX_new(TLS_client_method());
    if (!tls->context) return error_set(error, "TLS: out of memory");
    if (rules->verify != TLS_VERIFY_NONE) SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    if (files_load(tls->context, rules, error) != 0) return -1;
    SSL_CTX_set_mode(tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(tls->context, 1);
    tls->ssl = SSL_new(tls->context);
    if (!tls->ssl || SSL_set_fd(tls->ssl, fd) != 1) return error_set(error, "TLS: out of memory");
    if (!host_expect(tls->ssl, rules, host)) return error_set(error, "TLS: '%s' is not a host name", host);
    SSL_set_connect_state(tls->ssl);
    return 0;
}

struct tls *tls_new(const struct tls_rules *rules, int fd, const char *host, struct error *error) {
    struct tls *tls = mem_zalloc(1, sizeof *tls);
    ERR_clear_error();
    if (tls_init(tls, rules, fd, host, error) == 0) return tls;
    tls_free(tls);
    return NULL;
}

void tls_free(struct tls *tls) {
    if (!tls) return;
    SSL_free(tls->ssl);
    SSL_CTX_free(tls->context);
    free(tls);
}

/* Why a certificate was refused is not in the queue of errors. */
static int failed(struct tls *tls) {
    long verified = SSL_get_verify_result(tls->ssl);
    char reason[200];
    if (verified != X509_V_OK)
        snprintf(tls->why, sizeof tls->why, "TLS: the server's certificate: %s",
                 X509_verify_cert_error_string(verified));
    else
        snprintf(tls->why, sizeof tls->why, "TLS: %s",
                 reason_take(reason, sizeof reason, errno ? strerror(errno) : "the connection was closed"));
    ERR_clear_error();
    return TLS_FAILED;
}

static int outcome(struct tls *tls, int result) {
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ: return TLS_AGAIN_READ;
    case SSL_ERROR_WANT_WRITE: return TLS_AGAIN_WRITE;
    case SSL_ERROR_ZERO_RETURN: return 0;
    default: return failed(tls);
    }
}

static void begin(void) {
    ERR_clear_error(); /* of others: SSL_get_error() looks at it */
    errno = 0;
}

int tls_handshake(struct tls *tls) {
    begin();
    int result = SSL_do_handshake(tls->ssl);
    if (result == 1) return 1;
    int told = outcome(tls, result);
    return told == 0 ? failed(tls) : told;
}

ssize_t tls_read(struct tls *tls, void *bytes, size_t size) {
    size_t n;
    begin();
    int result = SSL_read_ex(tls->ssl, bytes, size, &n);
    return result == 1 ? (ssize_t)n : outcome(tls, result);
}

ssize_t tls_write(struct tls *tls, const void *bytes, size_t len) {
    size_t n;
    begin();
    int result = SSL_write_ex(tls->ssl, bytes, len, &n);
    if (result == 1) return (ssize_t)n;
    int told = outcome(tls, result);
    return told == 0 ? failed(tls) : told;
}

const char *tls_why(const struct tls *tls) { return tls->why; }

void tls_thread_end(void) { OPENSSL_thread_stop(); }
