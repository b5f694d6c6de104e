/* One asynchronous connection to Redis on the event loop: connects, logs in, comes back after a loss, hands over
 * replies. */
#ifndef FLOWIMPORT_QUEUE_REDIS_H
#define FLOWIMPORT_QUEUE_REDIS_H

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "queue/redis_url.h"

enum {
    REDIS_CONNECT_MS = 5000, /* for each address; the kernel would try for two minutes */
    REDIS_STOP_MS = 5000,    /* for each answer, once the process has been told to stop */
};

struct redis; /* opaque */

struct redis_handler {
    void *context;
    void (*connected)(void *context);
    /* The connection is gone, or was refused; replies under way will not come. Another try is scheduled already. */
    void (*lost)(void *context, const char *why);
};

/* The reply is valid during the call alone. A string of more than ENTRY_BYTES_MAX bytes (flow/entry.h) comes as an
 * array of two, its length and its head: redis_text() reads both. */
typedef void redis_reply_fn(void *context, const redisReply *reply);
/* A string of an array reply, straight from the read buffer; the connection must not be closed from here. Where `len`
 * is more than ENTRY_BYTES_MAX, the text is its head alone. */
typedef void redis_sink_fn(void *context, const char *text, size_t len);

/* The text of a string, and its length, which may be more than there is of it (ENTRY_BYTES_MAX). NULL: not a string. */
static inline const char *redis_text(const redisReply *reply, size_t *len) {
    bool cut = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
               reply->element[0]->type == REDIS_REPLY_INTEGER && reply->element[1]->type == REDIS_REPLY_STRING;
    if (!cut && reply->type != REDIS_REPLY_STRING) return NULL;
    *len = cut ? (size_t)reply->element[0]->integer : reply->len;
    return cut ? reply->element[1]->str : reply->str;
}

/* The target is borrowed. Nothing happens before redis_connect, and nothing outside the event loop: the host's name is
 * resolved beside it, and the handler is called from it alone. Each address of the name is tried, for five seconds at
 * most. */
struct redis *redis_new(struct event_base *base, const struct redis_target *target, int64_t retry_max_ms,
                        const struct redis_handler *handler);
void redis_free(struct redis *redis); /* at once, also while the name is being resolved */
void redis_set_retry_max(struct redis *redis, int64_t ms);
void redis_set_connect_max(struct redis *redis, int64_t ms); /* for each address, in place of the five seconds */
void redis_connect(struct redis *redis);
/* From now on a connection is lost once an answer has not come for `ms`, and not for half a minute: the process is to
 * end, and what Redis has it keeps. */
void redis_hurry(struct redis *redis, int64_t ms);
/* Gives the connection up, says why to the handler, and tries again after the back-off. */
void redis_drop(struct redis *redis, const char *why);

/* Sends a command. `reply` (may be NULL) is called with `context` once the answer is here; not at all if the connection
 * goes. EXEC, refused because a command of its transaction was, answers with that command's error: its own, EXECABORT,
 * does not say why. */
void redis_send(struct redis *redis, redis_reply_fn *reply, void *context, int argc, const char *const *argv,
                const size_t *lens);
/* The same for words without NULs, REDIS_WORDS_MAX at most: the list ends with NULL. */
void redis_command(struct redis *redis, redis_reply_fn *reply, void *context, ...) __attribute__((sentinel));
enum { REDIS_WORDS_MAX = 16 };
/* Such a list, as words and their lengths; how many. */
static inline int redis_words(va_list arguments, const char *words[REDIS_WORDS_MAX], size_t lens[REDIS_WORDS_MAX]) {
    int n = 0;
    for (const char *word; n < REDIS_WORDS_MAX && (word = va_arg(arguments, const char *));) {
        words[n] = word;
        lens[n++] = strlen(word);
    }
    return n;
}
/* What was sent goes out at once, not once the event loop comes by; an error shows there. */
void redis_write(struct redis *redis);
/* LRANGE key first last, each element into `sink` as it arrives; `done` sees an integer, how many they were, or an
 * error. */
void redis_range(struct redis *redis, const char *key, int64_t first, int64_t last, redis_sink_fn *sink,
                 redis_reply_fn *done, void *context);

/* A blocking connection for the hand tool's short questions; logged in. NULL with the error set. hiredis alone reads
 * from it: its bounds are arrays 7 deep and lengths of 31 bits, and a reply is held as a whole, however long it is. */
redisContext *redis_open(const struct redis_target *target, struct error *error);

#endif
