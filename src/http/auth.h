/* Users and their passwords, by Basic authentication (RFC 7617), and what wrong ones cost.
 *
 * A hash is slow on purpose, so it is worked out in a thread: auth_look() on the loop, auth_verify() in any thread,
 * auth_settle() on the loop again. Credentials that were right once are known by a keyed digest from then on. A client
 * (an IPv4 address, or a /64 of IPv6) has AUTH_BURST wrong passwords, and one more every AUTH_INTERVAL_US; of so many
 * clients it is known: AUTH_CLIENTS of 16 bytes. */
#ifndef FLOWIMPORT_HTTP_AUTH_H
#define FLOWIMPORT_HTTP_AUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <xxhash.h>

#include "base/error.h"

enum {
    AUTH_USERS = 1024,
    AUTH_USER_BYTES = 128,
    AUTH_HASH_BYTES = 384,
    AUTH_PASSWORD_BYTES = 512,
    AUTH_CLIENTS = 1024,
    AUTH_BURST = 10,
    AUTH_INTERVAL_US = 6000000,
};

struct auth; /* opaque */

/* Credentials that are to be verified. It has all that takes: meanwhile the file may be read again. */
struct auth_attempt {
    char user[AUTH_USER_BYTES]; /* "": nobody is called so */
    char hash[AUTH_HASH_BYTES]; /* the user's */
    char password[AUTH_PASSWORD_BYTES];
    XXH128_hash_t digest;
    uint64_t client;
};

enum auth_verdict {
    AUTH_RIGHT,
    AUTH_WRONG, /* none, or not in the form of Basic authentication */
    AUTH_LATER, /* too many wrong ones came from there; *wait_s is set */
    AUTH_VERIFY /* *attempt is set */
};

/* Reads a file of lines "user:hash", hashes as crypt(5) has them; '#' begins a comment. NULL with the error set. */
struct auth *auth_open(const char *path, struct error *error);
/* Takes the users of a file instead of those it has; what clients have guessed stays. 0, or -1 with the error set: then
 * the users stay, too. */
int auth_read(struct auth *auth, const char *path, struct error *error) __attribute__((warn_unused_result));
void auth_free(struct auth *auth); /* NULL does nothing */
/* `header` is that of the request, "Basic ..."; NULL: none. `client` is an address. An attempt counts as a wrong one
 * until it is settled. */
enum auth_verdict auth_look(struct auth *auth, const char *header, const char *client, int64_t now_us,
                            struct auth_attempt *attempt, unsigned *wait_s);
bool auth_verify(const struct auth_attempt *attempt);
/* Whether it was right, and of a user who is still there with the same hash. */
bool auth_settle(struct auth *auth, const struct auth_attempt *attempt, bool right);

#endif
