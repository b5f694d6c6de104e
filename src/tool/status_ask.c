/* One question by HTTP/1.0, and the document out of its answer. */
#include "tool/status_ask.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/mem.h"

enum { WAIT_S = 10, ANSWER_MAX = 16 << 20 };

static json_t *document_parse(const char *text, size_t len, const char *where, struct error *error) {
    json_error_t wrong;
    json_t *document = json_loadb(text, len, JSON_REJECT_DUPLICATES, &wrong);
    if (document) return document;
    error_set(error, "%s is not a status document: line %d: %s", where, wrong.line, wrong.text);
    return NULL;
}

/* --- HTTP --- */

static int connection_open(const char *listen, struct error *error) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const struct timeval wait = {.tv_sec = WAIT_S};
    struct addrinfo *addresses = NULL;
    const char *colon = strrchr(listen, ':');
    if (!colon) return error_set(error, "'%s' is not ADDRESS:PORT", listen);
    size_t bracket = listen[0] == '[' && colon > listen + 1;
    char *host = mem_strndup(listen + bracket, (size_t)(colon - listen) - 2 * bracket);
    int failed = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &addresses), fd = -1, reason = 0;
    free(host);
    if (failed) return error_set(error, "'%s': %s", listen, gai_strerror(failed));
    for (const struct addrinfo *at = addresses; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, 0);
        if (fd < 0) continue;
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
        if (connect(fd, at->ai_addr, at->ai_addrlen) == 0) break;
        reason = errno;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(addresses);
    if (fd < 0) return error_set(error, "flowimportd does not answer at %s: %s", listen, strerror(reason));
    return fd;
}

static int answer_read(int fd, const char *listen, struct buffer *answer, struct error *error) {
    static const char request[] = "GET /status HTTP/1.0\r\nHost: localhost\r\n\r\n";
    char piece[16384];
    ssize_t n = send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
    if (n != (ssize_t)sizeof request - 1) return error_set(error, "%s: %s", listen, strerror(errno));
    while ((n = recv(fd, piece, sizeof piece, 0)) > 0) {
        buffer_add(answer, piece, (size_t)n);
        if (answer->len > ANSWER_MAX) return error_set(error, "%s: the answer is too long", listen);
    }
    return n == 0 ? 0 : error_set(error, "%s: %s", listen, strerror(errno));
}

/* The body of an answer of 200. */
static json_t *answer_parse(const struct buffer *answer, const char *listen, struct error *error) {
    static const char end[] = "\r\n\r\n";
    int status = 0;
    const char *body = answer->len ? memmem(answer->data, answer->len, end, sizeof end - 1) : NULL;
    if (!body || sscanf(answer->data, "HTTP/1.%*d %d", &status) != 1) {
        error_set(error, "%s does not speak HTTP", listen);
        return NULL;
    }
    if (status == 401)
        error_set(error, "%s requires a user: curl -u USER http://%s/status | flowimport doctor -", listen, listen);
    else if (status != 200)
        error_set(error, "%s answers /status with %d", listen, status);
    if (status != 200) return NULL;
    body += sizeof end - 1;
    return document_parse(body, answer->len - (size_t)(body - answer->data), listen, error);
}

json_t *status_ask(const char *listen, struct error *error) {
    struct buffer answer = BUFFER_INIT;
    json_t *document = NULL;
    int fd = connection_open(listen, error);
    if (fd < 0) return NULL;
    if (answer_read(fd, listen, &answer, error) == 0) document = answer_parse(&answer, listen, error);
    close(fd);
    buffer_release(&answer);
    return document;
}

/* --- files --- */

json_t *status_load(const char *path, struct error *error) {
    struct buffer text = BUFFER_INIT;
    char piece[16384];
    json_t *document = NULL;
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    if (!file) {
        error_set(error, "%s: %s", path, strerror(errno));
        return NULL;
    }
    for (size_t n; text.len <= ANSWER_MAX && (n = fread(piece, 1, sizeof piece, file)) > 0;)
        buffer_add(&text, piece, n);
    if (ferror(file))
        error_set(error, "%s: cannot be read", path);
    else
        document = document_parse(text.len ? text.data : "", text.len, path, error);
    if (!is_stdin) fclose(file);
    buffer_release(&text);
    return document;
}
