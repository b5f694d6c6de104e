/* flowimport rejected list|retry|clear: list, retry or clear rejected entries, read, put back on the queue, thrown
 * away. */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "config/pipeline.h"
#include "flow/rejected.h"
#include "tool/commands.h"
#include "tool/document.h"
#include "queue/claim.h"
#include "queue/redis.h"

enum { PAGE = 500 };

struct rejected {
    redisContext *redis;
    const char *queue;
    bool json;
    char key[QUEUE_NAME_MAX + 16];
};

/* One command's reply, to be freed, or NULL: the error is on stderr. */
static redisReply *ask(const struct rejected *rejected, int argc, const char **argv, const size_t *lens) {
    redisReply *reply = redisCommandArgv(rejected->redis, argc, argv, lens);
    if (reply && reply->type != REDIS_REPLY_ERROR) return reply;
    command_fail(EXIT_FAILED, "%s: %s", argv[0], reply ? reply->str : rejected->redis->errstr);
    if (reply) freeReplyObject(reply);
    return NULL;
}

/* Bytes outside printable ASCII as \xNN, so that a terminal is safe from them. */
static void bytes_show(const char *text, size_t len, struct buffer *out) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c < 0x7f)
            buffer_add(out, text + i, 1);
        else
            buffer_printf(out, "\\x%02x", c);
    }
}

/* "REASON ENTRY" in a line, where the reason is there. */
static void line_print(const char *text, size_t len, size_t entry, struct buffer *line) {
    buffer_clear(line);
    bytes_show(text, entry ? entry - 1 : 0, line);
    buffer_add_text(line, " ");
    bytes_show(text + entry, len - entry, line);
    printf("%s\n", line->data);
}

/* The line in front of the entry as members of ours; what others have put on the list has none. */
static void entry_write(struct document *document, const char *text, size_t len, size_t entry, struct buffer *shown) {
    json_t *head = entry ? json_loadb(text, entry, 0, NULL) : NULL;
    buffer_clear(shown);
    bytes_show(text + entry, len - entry, shown);
    document_object(document, NULL);
    document_text(document, "reason", json_string_value(json_object_get(head, "reason")));
    document_text(document, "field", json_string_value(json_object_get(head, "field")));
    document_text(document, "value", json_string_value(json_object_get(head, "value")));
    document_time(document, "time", json_integer_value(json_object_get(head, "time")));
    if (rejected_is_cut(text, entry))
        document_number(document, "bytes", (uint64_t)json_integer_value(json_object_get(head, "bytes")));
    document_text(document, "entry", shown->data ? shown->data : "");
    document_close(document);
    json_decref(head);
}

static int pages_read(const struct rejected *rejected, struct document *document) {
    char first[24], last[24];
    struct buffer shown = BUFFER_INIT;
    size_t n = PAGE;
    int code = EXIT_DONE;
    for (int64_t at = 0; n == PAGE && code == EXIT_DONE; at += PAGE) {
        snprintf(first, sizeof first, "%" PRId64, at);
        snprintf(last, sizeof last, "%" PRId64, at + PAGE - 1);
        redisReply *reply = ask(rejected, 4, (const char *[]){"LRANGE", rejected->key, first, last}, NULL);
        if (!reply) {
            code = EXIT_FAILED;
            break;
        }
        n = reply->elements;
        for (size_t i = 0; i < n; i++) {
            const redisReply *element = reply->element[i];
            size_t entry = rejected_entry(element->str, element->len);
            if (rejected->json)
                entry_write(document, element->str, element->len, entry, &shown);
            else
                line_print(element->str, element->len, entry, &shown);
        }
        freeReplyObject(reply);
    }
    buffer_release(&shown);
    return code;
}

static int list(const struct rejected *rejected) {
    struct document document = {.depth = 0};
    if (!rejected->json) return pages_read(rejected, NULL);
    document_object(&document, NULL);
    document_text(&document, "queue", rejected->queue);
    document_array(&document, "rejected");
    int code = pages_read(rejected, &document);
    document_close(&document);
    document_close(&document);
    return code;
}

/* Each entry goes to the queue's tail before it leaves the rejected list, in one transaction with it. Those of which
 * the head alone is there stay. */
static int retry(const struct rejected *rejected) {
    static const char *const multi[] = {"MULTI"}, *const exec[] = {"EXEC"};
    uint64_t n = 0, cut = 0;
    for (;;) {
        char at[24];
        snprintf(at, sizeof at, "%" PRIu64, cut);
        redisReply *element = ask(rejected, 3, (const char *[]){"LINDEX", rejected->key, at}, NULL);
        if (!element) return EXIT_FAILED;
        if (element->type == REDIS_REPLY_NIL) {
            freeReplyObject(element);
            break;
        }
        size_t entry = rejected_entry(element->str, element->len);
        if (rejected_is_cut(element->str, entry)) {
            freeReplyObject(element);
            cut++;
            continue;
        }
        const char *push[] = {"RPUSH", rejected->queue, element->str + entry};
        const char *drop[] = {"LREM", rejected->key, "1", element->str};
        const size_t lens[] = {5, strlen(rejected->queue), element->len - entry};
        const size_t drop_lens[] = {4, strlen(rejected->key), 1, element->len};
        redisReply *replies[] = {ask(rejected, 1, (const char **)(uintptr_t)multi, NULL), ask(rejected, 3, push, lens),
                                 ask(rejected, 4, drop, drop_lens),
                                 ask(rejected, 1, (const char **)(uintptr_t)exec, NULL)};
        int done = 0;
        for (unsigned i = 0; i < 4; i++)
            if (replies[i]) {
                done++;
                freeReplyObject(replies[i]);
            }
        freeReplyObject(element);
        if (done < 4) return EXIT_FAILED;
        n++;
    }
    if (cut > 0) printf("%" PRIu64 " entries stay: only their heads were kept\n", cut);
    printf("%" PRIu64 " entries put back on %s\n", n, rejected->queue);
    return EXIT_DONE;
}

static int clear(const struct rejected *rejected) {
    redisReply *length = ask(rejected, 2, (const char *[]){"LLEN", rejected->key}, NULL);
    redisReply *deleted = length ? ask(rejected, 2, (const char *[]){"DEL", rejected->key}, NULL) : NULL;
    if (deleted) printf("%lld rejected entries deleted\n", length->integer);
    int code = deleted ? EXIT_DONE : EXIT_FAILED;
    if (length) freeReplyObject(length);
    if (deleted) freeReplyObject(deleted);
    return code;
}

int command_rejected(const struct command_call *call) {
    static const struct {
        const char *name;
        int (*run)(const struct rejected *);
    } verbs[] = {{"list", list}, {"retry", retry}, {"clear", clear}};
    struct rejected rejected = {.queue = call->config->queue.name, .json = call->options->json};
    struct redis_target target;
    struct error error;
    size_t verb = 0;
    while (verb < 3 && (call->n_operands != 1 || strcmp(call->operands[0], verbs[verb].name) != 0))
        verb++;
    if (verb == 3) return command_usage(call);
    if (queue_target(&target, call->config, &error) != 0) return command_fail(EXIT_USAGE, "%s", error.text);
    claim_prefix(rejected.key, sizeof rejected.key - 9, call->config->queue.name);
    strcat(rejected.key, ":rejected");
    rejected.redis = redis_open(&target, &error);
    int code = rejected.redis ? verbs[verb].run(&rejected) : command_fail(EXIT_FAILED, "%s", error.text);
    if (rejected.redis) redisFree(rejected.redis);
    redis_target_release(&target);
    return code;
}
