/* The users' file, the credentials of a request, and the clients that guess. */
#include "http/auth.h"

#include <arpa/inet.h>
#include <crypt.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/mem.h"

struct user {
    char *name, *hash;
    bool known;           /* by what is told next */
    XXH128_hash_t digest; /* of the header that was right */
};

/* By the generic cell rate algorithm: how far the client's next free attempt lies ahead. */
struct client {
    uint64_t key;
    int64_t due_us;
};

struct users {
    struct user list[AUTH_USERS];
    unsigned n;
};

struct auth {
    struct users *users; /* NULL until the file was read */
    struct client clients[AUTH_CLIENTS];
    unsigned char secret[XXH3_SECRET_SIZE_MIN + 56];
};

_Static_assert(AUTH_HASH_BYTES == CRYPT_OUTPUT_SIZE, "an attempt has room for every hash");

/* NULL: nobody is called so. */
static struct user *user_find(struct users *users, const char *name) {
    for (unsigned i = 0; i < users->n; i++)
        if (strcmp(users->list[i].name, name) == 0) return &users->list[i];
    return NULL;
}

/* --- the file --- */

/* "user:hash". NULL, or what is wrong with it; the line is taken apart. */
static const char *line_problem(struct users *users, char *line, char **hash) {
    char *colon = strchr(line, ':');
    if (!colon || colon == line) return "expected a line user:hash, as htpasswd -nB prints it";
    *colon = '\0';
    *hash = colon + 1;
    (*hash)[strcspn(*hash, ":")] = '\0'; /* shadow(5) has more fields */
    if (strlen(line) >= AUTH_USER_BYTES) return "the user name is longer than 127 bytes";
    if (strlen(*hash) >= AUTH_HASH_BYTES) return "the hash is longer than 383 bytes";
    if (user_find(users, line)) return "the user is listed twice";
    if (users->n == AUTH_USERS) return "there are more than 1024 users";
    int kind = crypt_checksalt(*hash);
    if (kind == CRYPT_SALT_METHOD_LEGACY) return "the hash is too weak or not a hash; use mkpasswd -m yescrypt";
    if (kind != CRYPT_SALT_OK && kind != CRYPT_SALT_TOO_CHEAP)
        return "the hash is of a kind unknown to crypt(5); use mkpasswd -m yescrypt or htpasswd -nB";
    return NULL;
}

/* 0, or -1 with the error set. */
static int file_read(struct users *users, FILE *file, const char *path, struct error *error) {
    char *line = NULL, *hash;
    size_t size = 0;
    int failed = 0;
    for (unsigned number = 1; !failed && getline(&line, &size, file) >= 0; number++) {
        line[strcspn(line, "\r\n")] = '\0';
        if (*line == '\0' || *line == '#') continue;
        const char *problem = line_problem(users, line, &hash);
        if (problem)
            failed = error_set(error, "%s:%u: %s", path, number, problem);
        else
            users->list[users->n++] = (struct user){.name = mem_strdup(line), .hash = mem_strdup(hash)};
    }
    free(line);
    if (!failed && ferror(file)) failed = error_set(error, "%s: %s", path, strerror(errno));
    if (!failed && users->n == 0) failed = error_set(error, "%s: the file contains no users", path);
    return failed;
}

static void users_free(struct users *users) {
    for (unsigned i = 0; users && i < users->n; i++) {
        free(users->list[i].name);
        free(users->list[i].hash);
    }
    free(users);
}

/* What was right before is still right of users who are as they were: they shall not wait for who guesses beside them.
 */
static void known_keep(struct users *users, struct users *before) {
    for (unsigned i = 0; i < users->n; i++) {
        struct user *user = &users->list[i];
        const struct user *same = user_find(before, user->name);
        if (!same || strcmp(same->hash, user->hash) != 0) continue;
        user->known = same->known;
        user->digest = same->digest;
    }
}

int auth_read(struct auth *auth, const char *path, struct error *error) {
    FILE *file = fopen(path, "re");
    if (!file) return error_set(error, "%s: %s", path, strerror(errno));
    struct users *users = mem_zalloc(1, sizeof *users);
    int failed = file_read(users, file, path, error);
    fclose(file);
    if (failed) {
        users_free(users);
        return failed;
    }
    if (auth->users) known_keep(users, auth->users);
    users_free(auth->users);
    auth->users = users;
    return 0;
}

struct auth *auth_open(const char *path, struct error *error) {
    struct auth *auth = mem_zalloc(1, sizeof *auth);
    int failed = auth_read(auth, path, error);
    if (!failed && getrandom(auth->secret, sizeof auth->secret, 0) != (ssize_t)sizeof auth->secret)
        failed = error_set(error, "getrandom: %s", strerror(errno));
    if (!failed) return auth;
    auth_free(auth);
    return NULL;
}

void auth_free(struct auth *auth) {
    if (!auth) return;
    users_free(auth->users);
    free(auth);
}

/* --- credentials --- */

/* RFC 4648; returns the length, or -1. */
static int base64_decode(const char *text, char *out, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strcspn(text, "="), n = 0;
    unsigned bits = 0;
    if (strlen(text) % 4 != 0 || strlen(text) - len > 2 || text[len + strspn(text + len, "=")]) return -1;
    for (size_t i = 0; i < len; i++) {
        const char *digit = strchr(digits, text[i]);
        if (!digit || n + 1 >= size) return -1;
        bits = bits << 6 | (unsigned)(digit - digits);
        if (i % 4 > 0) out[n++] = (char)(bits >> (6 - 2 * (i % 4)));
    }
    out[n] = '\0';
    return (int)n;
}

/* "Basic dXNlcjpwYXNzd29yZA==" into the attempt. */
static bool header_read(const struct auth *auth, const char *header, struct auth_attempt *attempt) {
    char text[AUTH_USER_BYTES + AUTH_PASSWORD_BYTES];
    if (!header || strncasecmp(header, "Basic ", strlen("Basic ")) != 0) return false;
    header += strlen("Basic ");
    header += strspn(header, " ");
    int len = base64_decode(header, text, sizeof text);
    char *colon = len > 0 ? strchr(text, ':') : NULL;
    if (!colon || strlen(text) != (size_t)len || strlen(colon + 1) >= AUTH_PASSWORD_BYTES) return false;
    *colon = '\0';
    const struct user *user = user_find(auth->users, text);
    snprintf(attempt->user, sizeof attempt->user, "%s", user ? user->name : "");
    /* Nobody's password takes as long as somebody's. */
    snprintf(attempt->hash, sizeof attempt->hash, "%s", user ? user->hash : auth->users->list[0].hash);
    snprintf(attempt->password, sizeof attempt->password, "%s", colon + 1);
    attempt->digest = XXH3_128bits_withSecret(header, strlen(header), auth->secret, sizeof auth->secret);
    return true;
}

/* Whatever is in them, it takes the same time. */
static bool is_equal(const void *a, const void *b, size_t len) {
    const unsigned char *left = a, *right = b;
    unsigned differs = 0;
    for (size_t i = 0; i < len; i++)
        differs |= left[i] ^ right[i];
    return differs == 0;
}

/* Whether they were right before. A digest reveals nothing without the secret, and nobody sees one. */
static bool is_known(const struct auth *auth, const struct auth_attempt *attempt) {
    bool known = false;
    for (unsigned i = 0; i < auth->users->n; i++) {
        const struct user *user = &auth->users->list[i];
        known |= user->known & is_equal(&user->digest, &attempt->digest, sizeof attempt->digest);
    }
    return known;
}

bool auth_verify(const struct auth_attempt *attempt) {
    const char *hash = attempt->hash;
    struct crypt_data *data = mem_zalloc(1, sizeof *data);
    const char *made = crypt_r(attempt->password, hash, data);
    bool right = made && strlen(made) == strlen(hash) && is_equal(made, hash, strlen(hash)) && *attempt->user;
    explicit_bzero(data, sizeof *data);
    free(data);
    return right;
}

/* --- clients --- */

/* An IPv6 host has a whole /64 of addresses. */
static uint64_t client_key(const char *address) {
    struct in6_addr bytes = {0};
    uint64_t key = 0;
    uint32_t ipv4;
    if (inet_pton(AF_INET, address, &ipv4) == 1) return UINT64_C(1) << 32 | ipv4;
    if (inet_pton(AF_INET6, address, &bytes) == 1) memcpy(&key, &bytes, sizeof key);
    if (!IN6_IS_ADDR_V4MAPPED(&bytes)) return key;
    memcpy(&ipv4, bytes.s6_addr + 12, sizeof ipv4);
    return UINT64_C(1) << 32 | ipv4;
}

/* Its place; or that of the client that has least on its account, which is forgotten. */
static struct client *client_find(struct auth *auth, uint64_t key) {
    struct client *least = &auth->clients[0];
    for (unsigned i = 0; i < AUTH_CLIENTS; i++) {
        struct client *client = &auth->clients[i];
        if (client->key == key) return client;
        if (client->due_us < least->due_us) least = client;
    }
    *least = (struct client){.key = key};
    return least;
}

enum auth_verdict auth_look(struct auth *auth, const char *header, const char *client_address, int64_t now_us,
                            struct auth_attempt *attempt, unsigned *wait_s) {
    if (!header_read(auth, header, attempt)) return AUTH_WRONG;
    if (is_known(auth, attempt)) return AUTH_RIGHT;
    attempt->client = client_key(client_address);
    struct client *client = client_find(auth, attempt->client);
    int64_t due_us = client->due_us > now_us ? client->due_us : now_us;
    int64_t wait_us = due_us + AUTH_INTERVAL_US - now_us - (int64_t)AUTH_BURST * AUTH_INTERVAL_US;
    if (wait_us > 0) {
        *wait_s = (unsigned)((wait_us + 999999) / 1000000);
        return AUTH_LATER;
    }
    client->due_us = due_us + AUTH_INTERVAL_US;
    return AUTH_VERIFY;
}

bool auth_settle(struct auth *auth, const struct auth_attempt *attempt, bool right) {
    struct user *user = right ? user_find(auth->users, attempt->user) : NULL;
    if (!user || strcmp(user->hash, attempt->hash) != 0) return false;
    client_find(auth, attempt->client)->due_us -= AUTH_INTERVAL_US;
    user->known = true;
    user->digest = attempt->digest;
    return true;
}
