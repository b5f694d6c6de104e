/* The client's end of TLS (RFC 8446, RFC 5246), on a socket that is connected: OpenSSL's. */
#ifndef FLOWIMPORT_BASE_TLS_H
#define FLOWIMPORT_BASE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

enum tls_verify {
    TLS_VERIFY_FULL,      /* the certificate is of a known authority, and for the host (RFC 6125) */
    TLS_VERIFY_AUTHORITY, /* for any host */
    TLS_VERIFY_NONE,      /* nothing is checked: who is in between may read and change all */
};

/* NULL or paths of PEM files. No authority: those that the system trusts. A certificate of ours requires its key. */
struct tls_rules {
    const char *ca, *cert, *key;
    enum tls_verify verify;
};

struct tls; /* one connection; opaque */

enum { TLS_AGAIN_READ = -1, TLS_AGAIN_WRITE = -2, TLS_FAILED = -3 };

/* Of one handshake each, so that files which were renewed are read again. The file descriptor is borrowed; `host` is a
 * name, which is told to the server (SNI, RFC 6066), or an address in digits. NULL with the error set. */
struct tls *tls_new(const struct tls_rules *rules, int fd, const char *host, struct error *error);
void tls_free(struct tls *tls); /* NULL is ignored; says nothing to the other end */
/* 1: done; or TLS_AGAIN_READ, TLS_AGAIN_WRITE: once the socket can be read, written; or TLS_FAILED: tls_why(). */
int tls_handshake(struct tls *tls);
/* Bytes; 0: the other end has closed; else as above. What may not be lost in a blocking call waits in there: read until
 * there is no more. */
ssize_t tls_read(struct tls *tls, void *bytes, size_t size);
/* Bytes taken, which may be less; else as above. */
ssize_t tls_write(struct tls *tls, const void *bytes, size_t len);
/* Before a thread that has used it ends, and what OpenSSL keeps for it with it. */
void tls_thread_end(void);
/* Why the last call has failed; until the next. */
const char *tls_why(const struct tls *tls);

#endif
