/* The host that is asked, and the user who asks. */
#include "http/guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"

#define REALM "Basic realm=\"flowimport\", charset=\"UTF-8\""

struct guard_attempt {
    struct workers_job job; /* first: the workers know nothing else */
    struct guard *guard;
    struct http_exchange *exchange; /* NULL: the client has left */
    struct auth_attempt credentials;
    bool right;
};

static bool is_address(const char *host) {
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    size_t len = strlen(host);
    if (inet_pton(AF_INET, host, bytes) == 1) return true;
    if (len < 3 || len - 2 >= sizeof text || host[0] != '[' || host[len - 1] != ']') return false;
    memcpy(text, host + 1, len - 2);
    text[len - 2] = '\0';
    return inet_pton(AF_INET6, text, bytes) == 1;
}

bool guard_host_is_ours(const char *host, const char *hosts) {
    char own[256] = "";
    size_t len = strlen(host);
    if (len > 1 && host[len - 1] == '.') len--; /* of a name that is complete */
    if (gethostname(own, sizeof own - 1) != 0) own[0] = '\0';
    if (is_address(host) || (len == strlen("localhost") && strncasecmp(host, "localhost", len) == 0) ||
        (len == strlen(own) && strncasecmp(host, own, len) == 0))
        return true;
    for (const char *at = hosts; at && *at; at += strcspn(at, ", \t")) {
        at += strspn(at, ", \t");
        if (len > 0 && strcspn(at, ", \t") == len && strncasecmp(at, host, len) == 0) return true;
    }
    return false;
}

static void refuse(struct http_exchange *exchange, int status, const char *text, enum http_header header,
                   const char *value) {
    struct http_reply reply = {.status = status, .type = "text/plain; charset=utf-8"};
    buffer_add_text(&reply.body, text);
    if (value) reply.headers[header] = value;
    http_answer(exchange, &reply);
    buffer_release(&reply.body);
}

static void host_refuse(struct http_exchange *exchange) {
    refuse(exchange, 403, "Unknown host name. Use the server's address, or add the name to [http] names.\n",
           HTTP_HEADERS, NULL);
}

static void user_refuse(struct http_exchange *exchange) {
    refuse(exchange, 401, "A user and a password are required.\n", HTTP_WWW_AUTHENTICATE, REALM);
}

/* --- users --- */

static void attempt_run(struct workers_job *job, struct store *store) {
    struct guard_attempt *attempt = (struct guard_attempt *)(void *)job;
    (void)store;
    attempt->right = auth_verify(&attempt->credentials);
}

static void attempt_done(struct workers_job *job) {
    struct guard_attempt *attempt = (struct guard_attempt *)(void *)job;
    bool admitted = auth_settle(attempt->guard->auth, &attempt->credentials, attempt->right);
    if (attempt->exchange && admitted)
        http_go_on(attempt->exchange);
    else if (attempt->exchange)
        user_refuse(attempt->exchange);
    explicit_bzero(attempt, sizeof *attempt);
    free(attempt);
}

/* The attempt goes on: it has to be counted. */
static void on_gone(void *context) {
    struct guard_attempt *attempt = context;
    attempt->exchange = NULL;
}

static void user_admit(struct guard *guard, struct http_exchange *exchange) {
    struct guard_attempt *attempt = mem_zalloc(1, sizeof *attempt);
    char seconds[16];
    unsigned wait_s = 0;
    *attempt = (struct guard_attempt){
        .job = {.run = attempt_run, .done = attempt_done, .storeless = true}, .guard = guard, .exchange = exchange};
    switch (auth_look(guard->auth, http_header_value(exchange, "Authorization"), http_client(exchange),
                      clock_now_us(guard->clock), &attempt->credentials, &wait_s)) {
    case AUTH_VERIFY:
        if (workers_take(guard->workers, &attempt->job)) {
            http_later(exchange, on_gone, attempt);
            return;
        }
        refuse(exchange, 503, "Too many requests are waiting.\n", HTTP_RETRY_AFTER, "2");
        break;
    case AUTH_RIGHT: http_go_on(exchange); break;
    case AUTH_WRONG: user_refuse(exchange); break;
    case AUTH_LATER:
        snprintf(seconds, sizeof seconds, "%u", wait_s);
        refuse(exchange, 429, "Too many wrong passwords from your address.\n", HTTP_RETRY_AFTER, seconds);
        break;
    }
    explicit_bzero(attempt, sizeof *attempt);
    free(attempt);
}

void guard_admit(struct guard *guard, struct http_exchange *exchange) {
    const char *host = http_host(exchange);
    if (host && !guard_host_is_ours(host, guard->hosts)) /* no browser of today leaves it out */
        host_refuse(exchange);
    else if (guard->auth)
        user_admit(guard, exchange);
    else
        http_go_on(exchange);
}
