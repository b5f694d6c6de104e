/* Redis without a server: the functions of queue/redis.h over lists, sets and strings in this process, so that a test
 * program that includes this is linked with them and not with the connection. Commands wait until fake_run(); any one
 * of them can lose the connection, before or after it was executed, or be refused. */
#ifndef TESTS_UNIT_FAKE_REDIS_H
#define TESTS_UNIT_FAKE_REDIS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "flow/entry.h"
#include "queue/redis.h"

enum fake_fault {
    FAKE_NO_FAULT,
    FAKE_LOST_BEFORE, /* the connection goes before the command is executed */
    FAKE_LOST_AFTER,  /* after it: its answer does not come */
    FAKE_LOST_ALL,    /* after it and all that are under way behind it */
    FAKE_REFUSED,     /* the command is answered by an error, and not executed */
    FAKE_FAULTS,
};

struct fake_text {
    char *text;
    size_t len;
    uint64_t hash;
};

struct fake_key {
    struct fake_text name, *items; /* a string is a list of one */
    size_t n, room;
};

struct fake_command {
    redis_reply_fn *reply;
    redis_sink_fn *sink;
    void *context;
    int argc;
    struct fake_text *argv;
};

struct redis {
    struct redis_handler handler;
    struct fake_command *under_way;        /* n from `first` on */
    size_t first, n, room, most;           /* most: that were under way at a time */
    bool asked, connected, multi, aborted; /* asked: to connect */
    struct fake_command *queued;           /* of the transaction */
    size_t n_queued, queued_room;
};

/* The server, and what is to go wrong. */
static struct {
    struct fake_key *keys;
    size_t n_keys, room;
    uint64_t sent;     /* bytes of elements that ranges were answered with */
    uint64_t executed; /* commands so far, refused ones included */
    uint64_t fault_at; /* the number of the one that goes wrong */
    enum fake_fault fault;
    bool watched_changed;   /* another has changed what is watched: the next EXEC does nothing */
    unsigned replicas_late; /* so many times WAIT ends without the one replica */
    char last[1024];        /* the command executed last, as a line */
    struct redis *client;   /* the one connection */
} fake;

/* --- data --- */

static inline struct fake_text fake_text_new(const char *text, size_t len) {
    struct fake_text copy = {malloc(len + 1), len, 1469598103934665603u};
    memcpy(copy.text, text, len);
    copy.text[len] = '\0';
    for (size_t i = 0; i < len; i++)
        copy.hash = (copy.hash ^ (uint8_t)text[i]) * 1099511628211u;
    return copy;
}

static inline bool fake_same(const struct fake_text *a, const struct fake_text *b) {
    return a->hash == b->hash && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static inline struct fake_key *fake_find(const struct fake_text *name) {
    for (size_t i = 0; i < fake.n_keys; i++)
        if (fake_same(&fake.keys[i].name, name)) return &fake.keys[i];
    return NULL;
}

static inline struct fake_key *fake_make(const struct fake_text *name) {
    struct fake_key *key = fake_find(name);
    if (key) return key;
    if (fake.n_keys == fake.room) {
        fake.room = fake.room ? 2 * fake.room : 64;
        fake.keys = realloc(fake.keys, fake.room * sizeof *key);
    }
    key = &fake.keys[fake.n_keys++];
    *key = (struct fake_key){.name = fake_text_new(name->text, name->len)};
    return key;
}

static inline void fake_insert(struct fake_key *key, size_t at, const struct fake_text *item) {
    if (key->n == key->room) {
        key->room = key->room ? 2 * key->room : 4;
        key->items = realloc(key->items, key->room * sizeof *item);
    }
    memmove(key->items + at + 1, key->items + at, (key->n++ - at) * sizeof *item);
    key->items[at] = fake_text_new(item->text, item->len);
}

static inline void fake_remove_key(struct fake_key *key) {
    for (size_t i = 0; i < key->n; i++)
        free(key->items[i].text);
    free(key->items);
    free(key->name.text);
    *key = fake.keys[--fake.n_keys];
}

/* The item, to be freed by the caller; a key without items is none. */
static inline struct fake_text fake_remove(struct fake_key *key, size_t at) {
    struct fake_text item = key->items[at];
    memmove(key->items + at, key->items + at + 1, (--key->n - at) * sizeof item);
    if (key->n == 0) fake_remove_key(key);
    return item;
}

static inline void fake_clear(void) {
    while (fake.n_keys > 0)
        fake_remove_key(&fake.keys[0]);
    free(fake.keys);
    memset(&fake, 0, sizeof fake);
}

/* --- for tests --- */

static inline void fake_push(const char *list, const char *item) {
    struct fake_text name = fake_text_new(list, strlen(list)), text = fake_text_new(item, strlen(item));
    struct fake_key *key = fake_make(&name);
    fake_insert(key, key->n, &text);
    free(name.text);
    free(text.text);
}

/* NULL: there is no such key. */
static inline struct fake_key *fake_key(const char *name) {
    struct fake_text text = fake_text_new(name, strlen(name));
    struct fake_key *key = fake_find(&text);
    free(text.text);
    return key;
}

static inline size_t fake_length(const char *name) {
    const struct fake_key *key = fake_key(name);
    return key ? key->n : 0;
}

static inline void fake_delete(const char *name) {
    struct fake_key *key = fake_key(name);
    if (key) fake_remove_key(key);
}

/* The n-th command from now on (0: the next) goes wrong. */
static inline void fake_fail(uint64_t n, enum fake_fault fault) {
    fake.fault_at = fake.executed + n;
    fake.fault = fault;
}

/* --- answers --- */

static inline redisReply *fake_reply(int type, long long integer, const char *text, size_t len) {
    redisReply *reply = calloc(1, sizeof *reply);
    reply->type = type;
    reply->integer = integer;
    if (text) {
        reply->str = fake_text_new(text, len).text;
        reply->len = len;
    }
    return reply;
}

/* A string of data, as queue/cutter.h hands it on. */
static inline redisReply *fake_string(const struct fake_text *text) {
    if (text->len <= ENTRY_BYTES_MAX) return fake_reply(REDIS_REPLY_STRING, 0, text->text, text->len);
    redisReply *reply = fake_reply(REDIS_REPLY_ARRAY, 0, NULL, 0);
    reply->elements = 2;
    reply->element = calloc(2, sizeof reply->element[0]);
    reply->element[0] = fake_reply(REDIS_REPLY_INTEGER, (long long)text->len, NULL, 0);
    reply->element[1] = fake_reply(REDIS_REPLY_STRING, 0, text->text, ENTRY_HEAD_BYTES);
    return reply;
}

static inline redisReply *fake_integer(size_t n) { return fake_reply(REDIS_REPLY_INTEGER, (long long)n, NULL, 0); }
static inline redisReply *fake_nil(void) { return fake_reply(REDIS_REPLY_NIL, 0, NULL, 0); }
static inline redisReply *fake_status(const char *text) {
    return fake_reply(REDIS_REPLY_STATUS, 0, text, strlen(text));
}
static inline redisReply *fake_error(const char *text) { return fake_reply(REDIS_REPLY_ERROR, 0, text, strlen(text)); }

static inline redisReply *fake_array(size_t n) {
    redisReply *reply = fake_reply(REDIS_REPLY_ARRAY, 0, NULL, 0);
    reply->elements = n;
    reply->element = calloc(n + 1, sizeof reply->element[0]);
    return reply;
}

static inline void fake_reply_free(redisReply *reply) {
    for (size_t i = 0; i < reply->elements; i++)
        if (reply->element[i]) fake_reply_free(reply->element[i]);
    free(reply->element);
    free(reply->str);
    free(reply);
}

/* What its user may do by scripts: run none, or those of before Redis 7.0, or all. Those that we have
 * are known by what they say. */
static enum { FAKE_NO_SCRIPTS, FAKE_OLD_SCRIPTS, FAKE_ALL_SCRIPTS } fake_scripts;

/* --- commands --- */

static inline redisReply *fake_execute(const struct fake_command *command);

static inline redisReply *fake_move(const struct fake_text *from, const struct fake_text *to, bool from_head,
                                    bool to_head) {
    struct fake_key *key = fake_find(from);
    if (!key) return fake_nil();
    struct fake_text item = fake_remove(key, from_head ? 0 : key->n - 1);
    redisReply *reply = fake_string(&item);
    key = fake_make(to);
    fake_insert(key, to_head ? 0 : key->n, &item);
    free(item.text);
    return reply;
}

static inline redisReply *fake_pop(const struct fake_text *from, bool with_name) {
    struct fake_key *key = fake_find(from);
    if (!key) return fake_nil();
    struct fake_text item = fake_remove(key, 0);
    redisReply *entry = fake_string(&item), *reply = entry;
    free(item.text);
    if (!with_name) return entry;
    reply = fake_array(2);
    reply->element[0] = fake_reply(REDIS_REPLY_STRING, 0, from->text, from->len);
    reply->element[1] = entry;
    return reply;
}

static inline redisReply *fake_rename(const struct fake_text *from, const struct fake_text *to) {
    struct fake_key *key = fake_find(from);
    if (!key) return fake_error("ERR no such key");
    if (fake_find(to)) return fake_integer(0);
    free(key->name.text);
    key->name = fake_text_new(to->text, to->len);
    return fake_integer(1);
}

/* What stands from `first` to `last`, counted from the end where negative. */
static inline redisReply *fake_range(const struct fake_command *command, bool trim) {
    struct fake_key *key = fake_find(&command->argv[1]);
    long long n = key ? (long long)key->n : 0, first = atoll(command->argv[2].text),
              last = atoll(command->argv[3].text);
    if (first < 0) first = first + n < 0 ? 0 : first + n;
    if (last < 0) last += n;
    if (last >= n) last = n - 1;
    if (trim) {
        for (long long i = n - 1; i >= 0; i--)
            if (i < first || i > last) free(fake_remove(key, (size_t)i).text);
        return fake_status("OK");
    }
    const size_t here = first <= last ? (size_t)(last - first + 1) : 0;
    redisReply *reply = command->sink ? fake_integer(here) : fake_array(here);
    for (size_t i = 0; i < here; i++) {
        const struct fake_text *item = &key->items[(size_t)first + i];
        fake.sent += item->len;
        if (command->sink)
            command->sink(command->context, item->text, item->len);
        else
            reply->element[i] = fake_string(item);
    }
    return reply;
}

static inline redisReply *fake_members(const struct fake_text *name) {
    const struct fake_key *key = fake_find(name);
    redisReply *reply = fake_array(key ? key->n : 0);
    for (size_t i = 0; i < reply->elements; i++)
        reply->element[i] = fake_reply(REDIS_REPLY_STRING, 0, key->items[i].text, key->items[i].len);
    return reply;
}

/* RPUSH, LPUSH, SADD, SREM, UNLINK: their words one by one. */
static inline redisReply *fake_words(const struct fake_command *command) {
    const struct fake_text *argv = command->argv;
    bool unlink = strcmp(argv[0].text, "UNLINK") == 0 || strcmp(argv[0].text, "DEL") == 0;
    size_t n = 0;
    for (int i = unlink ? 1 : 2; i < command->argc; i++) {
        const bool add = strcmp(argv[0].text, "SADD") == 0, set = add || strcmp(argv[0].text, "SREM") == 0;
        struct fake_key *key = unlink ? fake_find(&argv[i]) : add || !set ? fake_make(&argv[1]) : fake_find(&argv[1]);
        size_t at = 0;
        if (!key) continue;
        if (unlink) {
            fake_remove_key(key);
            n++;
            continue;
        }
        while (set && at < key->n && !fake_same(&key->items[at], &argv[i]))
            at++;
        bool there = set && at < key->n;
        if (!set || (add && !there)) fake_insert(key, argv[0].text[0] == 'L' ? 0 : key->n, &argv[i]);
        if (set && !add && there) free(fake_remove(key, at).text);
        n += !set || there != add;
    }
    const struct fake_key *key = unlink ? NULL : fake_find(&argv[1]);
    return fake_integer(argv[0].text[1] == 'P' && key ? key->n : n);
}

/* SET key value [EX seconds] [NX|XX]: nothing ever lapses by itself. */
static inline redisReply *fake_set(const struct fake_command *command) {
    const struct fake_text *argv = command->argv;
    const char *last = argv[command->argc - 1].text;
    struct fake_key *key = fake_find(&argv[1]);
    if (command->argc > 3 && ((strcmp(last, "NX") == 0 && key) || (strcmp(last, "XX") == 0 && !key))) return fake_nil();
    if (key) fake_remove_key(key);
    fake_insert(fake_make(&argv[1]), 0, &argv[2]);
    return fake_status("OK");
}

static inline bool fake_is_member(const struct fake_key *set, const char *member) {
    for (size_t i = 0; set && i < set->n; i++)
        if (strcmp(set->items[i].text, member) == 0) return true;
    return false;
}

/* The hash of what was taken is a list of its id and its number. */
static inline long long fake_count(const struct fake_text *name, const struct fake_text *id, size_t n) {
    struct fake_key *key = fake_find(name);
    long long before = key ? atoll(key->items[1].text) : 0;
    char after[24];
    snprintf(after, sizeof after, "%lld", before + (long long)n);
    if (!key) {
        fake_push(name->text, id->text);
    } else {
        free(fake_remove(key, 1).text);
    }
    fake_push(name->text, after);
    return before;
}

/* The script of a take. */
static inline redisReply *fake_take(const struct fake_command *command) {
    const struct fake_text *keys = command->argv + 3, *arguments = keys + 6;
    const struct fake_key *life = fake_find(&keys[0]), *queue = fake_find(&keys[1]);
    size_t few = (size_t)atoi(arguments[1].text), most = (size_t)atoi(arguments[2].text), length = queue ? queue->n : 0;
    char at[80], name[700];
    if (!life || !fake_same(&life->items[0], &arguments[0])) {
        redisReply *reply = fake_array(2);
        reply->element[0] = fake_reply(REDIS_REPLY_INTEGER, -1, NULL, 0);
        reply->element[1] =
            life ? fake_reply(REDIS_REPLY_STRING, 0, life->items[0].text, life->items[0].len) : fake_nil();
        return reply;
    }
    if (length == 0) {
        redisReply *reply = fake_array(1);
        reply->element[0] = fake_integer(0);
        return reply;
    }
    size_t n = length < most ? length : most;
    for (size_t i = 0; i < n; i++)
        if (strcmp(queue->items[i].text, "END") == 0) n = i + 1;
    long long place = fake_count(&keys[3], &arguments[3], n);
    const char *id = fake_find(&keys[3])->items[0].text;
    snprintf(at, sizeof at, "%s.%lld", id, place);
    bool filled = n <= few && strcmp(arguments[4].text, at) == 0;
    snprintf(name, sizeof name, "%s%s%s", keys[filled ? 4 : 5].text, filled ? "" : "@", filled ? "" : at);
    struct fake_text claim = fake_text_new(name, strlen(name));
    redisReply *reply = fake_array(5 + (n <= few ? n : 0));
    reply->element[0] = fake_integer(n);
    reply->element[1] = fake_integer(length - n);
    reply->element[2] = fake_integer(filled);
    reply->element[3] = fake_integer((size_t)place);
    reply->element[4] = fake_reply(REDIS_REPLY_STRING, 0, id, strlen(id));
    if (!fake_is_member(fake_find(&keys[2]), name)) fake_push(keys[2].text, name);
    for (size_t i = 0; i < n; i++) {
        redisReply *entry = fake_move(&keys[1], &claim, true, false);
        if (n <= few)
            reply->element[5 + i] = entry;
        else
            fake_reply_free(entry);
    }
    free(claim.text);
    return reply;
}

/* The script of several commands. */
static inline redisReply *fake_joint(const struct fake_command *command) {
    int at = 5, expected = atoi(command->argv[4].text);
    redisReply *reply = fake_array((size_t)command->argc);
    reply->elements = 0;
    for (; expected > 0; expected--, at += 3) {
        const struct fake_key *key = fake_find(&command->argv[at + 1]);
        char text[600];
        if (strcmp(command->argv[at].text, "LLEN") == 0)
            snprintf(text, sizeof text, "=%zu", key ? key->n : 0);
        else
            snprintf(text, sizeof text, "%s%s", key ? "=" : "-", key ? key->items[0].text : "");
        if (strcmp(text, command->argv[at + 2].text) != 0 || fake.watched_changed) {
            fake.watched_changed = false;
            fake_reply_free(reply);
            return fake_nil();
        }
    }
    while (at < command->argc) {
        struct fake_command inner = {.argc = atoi(command->argv[at].text), .argv = command->argv + at + 1};
        at += inner.argc + 1;
        reply->element[reply->elements++] = fake_execute(&inner);
    }
    return reply;
}

static inline redisReply *fake_eval(const struct fake_command *command) {
    const char *script = command->argv[1].text;
    bool is_new = strncmp(script, "#!lua", 5) == 0;
    if (fake_scripts == FAKE_NO_SCRIPTS)
        return fake_error("NOPERM User test has no permissions to run the 'eval' command");
    if (is_new && fake_scripts == FAKE_OLD_SCRIPTS)
        return fake_error("ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'");
    if (strstr(script, "return 1")) return fake_integer(1);
    if (strstr(script, "local at, answer")) return fake_joint(command);
    if (strstr(script, "RPOPLPUSH")) return fake_move(&command->argv[3], &command->argv[4], false, true);
    if (!strstr(script, "return redis.call(unpack(ARGV))")) return fake_take(command);
    struct fake_command inner = *command;
    inner.argv += 4;
    inner.argc -= 4;
    return fake_execute(&inner);
}

/* Forbidden where a test has pushed "no HMGET". */
static inline redisReply *fake_hmget(const struct fake_key *key) {
    if (fake_key("no HMGET")) return fake_error("NOPERM this user has no permissions to run the 'hmget' command");
    redisReply *reply = fake_array(2);
    for (size_t i = 0; i < 2; i++)
        reply->element[i] = key ? fake_reply(REDIS_REPLY_STRING, 0, key->items[i].text, key->items[i].len) : fake_nil();
    return reply;
}

/* Of the server's settings those that a test has pushed as "CONFIG <name>" and "INFO <section>"; to ask for others is
 * forbidden. */
static inline redisReply *fake_setting(const struct fake_command *command) {
    char name[80];
    bool config = command->argc == 3;
    const struct fake_text *last = &command->argv[command->argc - 1];
    snprintf(name, sizeof name, "%s %s", command->argv[0].text, last->text);
    const struct fake_key *key = fake_key(name);
    if (!key) return fake_error("NOPERM this user has no permissions to run this command");
    redisReply *value = fake_reply(REDIS_REPLY_STRING, 0, key->items[0].text, key->items[0].len), *reply = value;
    if (!config) return value;
    reply = fake_array(2);
    reply->element[0] = fake_reply(REDIS_REPLY_STRING, 0, last->text, last->len);
    reply->element[1] = value;
    return reply;
}

static inline redisReply *fake_execute(const struct fake_command *command) {
    const struct fake_text *argv = command->argv;
    const char *verb = argv[0].text;
    const struct fake_key *key = command->argc > 1 ? fake_find(&argv[1]) : NULL;
    if (strcmp(verb, "CONFIG") == 0 || strcmp(verb, "INFO") == 0) return fake_setting(command);
    if (strcmp(verb, "WAIT") == 0) {
        bool is_late = fake.replicas_late > 0;
        fake.replicas_late -= is_late;
        return fake_integer(!is_late);
    }
    if (strcmp(verb, "PING") == 0) return fake_status("PONG");
    if (strcmp(verb, "EVAL") == 0) return fake_eval(command);
    if (strcmp(verb, "HMGET") == 0) return fake_hmget(key);
    if (strcmp(verb, "HINCRBY") == 0) return fake_integer(0);
    if (strcmp(verb, "HSETNX") == 0) {
        if (!key) fake_count(&argv[1], &argv[3], 0);
        return fake_integer(!key);
    }
    if (strcmp(verb, "WATCH") == 0 || strcmp(verb, "UNWATCH") == 0) return fake_status("OK"); /* see watched_changed */
    if (strcmp(verb, "EXPIRE") == 0) return fake_integer(key != NULL);
    if (strcmp(verb, "LLEN") == 0 || strcmp(verb, "SCARD") == 0) return fake_integer(key ? key->n : 0);
    if (strcmp(verb, "EXISTS") == 0) return fake_integer(key != NULL);
    if (strcmp(verb, "GET") == 0)
        return key ? fake_reply(REDIS_REPLY_STRING, 0, key->items[0].text, key->items[0].len) : fake_nil();
    if (strcmp(verb, "SET") == 0) return fake_set(command);
    if (strcmp(verb, "SMEMBERS") == 0) return fake_members(&argv[1]);
    if (strcmp(verb, "LRANGE") == 0) return fake_range(command, false);
    if (strcmp(verb, "LTRIM") == 0) return fake_range(command, true);
    if (strcmp(verb, "RENAMENX") == 0) return fake_rename(&argv[1], &argv[2]);
    if (strcmp(verb, "LPOP") == 0) return fake_pop(&argv[1], false);
    if (strcmp(verb, "BLPOP") == 0) return fake_pop(&argv[1], true);
    if (strcmp(verb, "RPOPLPUSH") == 0) return fake_move(&argv[1], &argv[2], false, true);
    if (strcmp(verb, "LMOVE") == 0 || strcmp(verb, "BLMOVE") == 0)
        return fake_move(&argv[1], &argv[2], argv[3].text[0] == 'L', argv[4].text[0] == 'L');
    static const char *const others[] = {"RPUSH", "LPUSH", "SADD", "SREM", "UNLINK", "DEL"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(verb, others[i]) == 0) return fake_words(command);
    fail_msg("the fake of Redis has no command %s", verb);
    return NULL;
}

static inline void fake_command_free(struct fake_command *command) {
    for (int i = 0; i < command->argc; i++)
        free(command->argv[i].text);
    free(command->argv);
    command->argv = NULL;
}

static inline void fake_discard(struct redis *redis) {
    for (size_t i = 0; i < redis->n_queued; i++)
        fake_command_free(&redis->queued[i]);
    redis->n_queued = 0;
    redis->multi = redis->aborted = false;
}

static inline redisReply *fake_exec(struct redis *redis) {
    if (!redis->multi) return fake_error("ERR EXEC without MULTI");
    if (fake.watched_changed) {
        fake.watched_changed = false;
        fake_discard(redis);
        return fake_nil();
    }
    if (redis->aborted) {
        fake_discard(redis);
        return fake_error("EXECABORT Transaction discarded because of previous errors.");
    }
    redisReply *reply = fake_array(redis->n_queued);
    for (size_t i = 0; i < redis->n_queued; i++)
        reply->element[i] = fake_execute(&redis->queued[i]);
    fake_discard(redis);
    return reply;
}

/* As the server does it, within a transaction or not. A queued command's words go over to it. */
static inline redisReply *fake_serve(struct redis *redis, struct fake_command *command, bool refused) {
    const char *verb = command->argv[0].text;
    fake.executed++;
    snprintf(fake.last, sizeof fake.last, "%s", "");
    for (int i = 0; i < command->argc; i++) {
        size_t at = strlen(fake.last);
        snprintf(fake.last + at, sizeof fake.last - at, "%s%s", i ? " " : "", command->argv[i].text);
    }
    if (refused) {
        redis->aborted = redis->multi;
        if (strcmp(verb, "EXEC") == 0) fake_discard(redis);
        return fake_error("OOM command not allowed when used memory > 'maxmemory'.");
    }
    if (strcmp(verb, "MULTI") == 0) {
        redis->multi = true;
        return fake_status("OK");
    }
    if (strcmp(verb, "EXEC") == 0) return fake_exec(redis);
    if (!redis->multi) return fake_execute(command);
    if (redis->n_queued == redis->queued_room) {
        redis->queued_room = redis->queued_room ? 2 * redis->queued_room : 64;
        redis->queued = realloc(redis->queued, redis->queued_room * sizeof *command);
    }
    redis->queued[redis->n_queued++] = *command;
    command->argv = NULL;
    command->argc = 0;
    return fake_status("QUEUED");
}

/* --- the connection --- */

static inline void fake_drop(struct redis *redis, const char *why) {
    for (size_t i = 0; i < redis->n; i++)
        fake_command_free(&redis->under_way[redis->first + i]);
    redis->first = redis->n = 0;
    redis->connected = false;
    fake_discard(redis);
    redis->handler.lost(redis->handler.context, why);
}

/* Executes the next command and hands its answer over. false: there is none. */
static inline bool fake_step(void) {
    struct redis *redis = fake.client;
    if (!redis || redis->n == 0) return false;
    struct fake_command command = redis->under_way[redis->first++];
    enum fake_fault fault = fake.fault && fake.executed == fake.fault_at ? fake.fault : FAKE_NO_FAULT;
    bool lost = fault == FAKE_LOST_BEFORE || fault == FAKE_LOST_AFTER || fault == FAKE_LOST_ALL;
    redis->n--;
    if (fault) fake.fault = FAKE_NO_FAULT;
    if (lost) command.sink = NULL; /* nothing of the answer arrives */
    if (fault != FAKE_LOST_BEFORE) {
        redisReply *reply = fake_serve(redis, &command, fault == FAKE_REFUSED);
        if (!lost && command.reply) command.reply(command.context, reply);
        fake_reply_free(reply);
    }
    fake_command_free(&command);
    while (fault == FAKE_LOST_ALL && redis->n > 0) {
        struct fake_command next = redis->under_way[redis->first++];
        redis->n--;
        next.sink = NULL;
        fake_reply_free(fake_serve(redis, &next, false));
        fake_command_free(&next);
    }
    if (lost) fake_drop(redis, "the test ends the connection");
    if (redis->n == 0) redis->first = 0;
    return true;
}

/* Until nothing is under way. */
static inline void fake_run(void) {
    while (fake_step())
        ;
}

/* The connection is there, for the first time or again. */
static inline void fake_connect(void) {
    fake.client->connected = true;
    fake.client->handler.connected(fake.client->handler.context);
}

struct redis *redis_new(struct event_base *base, const struct redis_target *target, int64_t retry_max_ms,
                        const struct redis_handler *handler) {
    struct redis *redis = calloc(1, sizeof *redis);
    (void)base, (void)target, (void)retry_max_ms;
    redis->handler = *handler;
    fake.client = redis;
    return redis;
}

void redis_free(struct redis *redis) {
    for (size_t i = 0; i < redis->n; i++)
        fake_command_free(&redis->under_way[redis->first + i]);
    fake_discard(redis);
    free(redis->under_way);
    free(redis->queued);
    free(redis);
    fake.client = NULL;
}

void redis_set_retry_max(struct redis *redis, int64_t ms) { (void)redis, (void)ms; }
void redis_hurry(struct redis *redis, int64_t ms) { (void)redis, (void)ms; }
void redis_connect(struct redis *redis) { redis->asked = true; } /* the test says when: fake_connect() */
void redis_drop(struct redis *redis, const char *why) { fake_drop(redis, why); }

static inline struct fake_command *fake_add(struct redis *redis, redis_reply_fn *reply, void *context, int argc,
                                            const char *const *argv, const size_t *lens) {
    if (!redis->connected) return NULL;
    if (redis->first + redis->n == redis->room) {
        redis->room = redis->room ? 2 * redis->room : 64;
        redis->under_way = realloc(redis->under_way, redis->room * sizeof redis->under_way[0]);
    }
    struct fake_command *command = &redis->under_way[redis->first + redis->n++];
    if (redis->n > redis->most) redis->most = redis->n;
    *command = (struct fake_command){reply, NULL, context, argc, calloc((size_t)argc, sizeof command->argv[0])};
    for (int i = 0; i < argc; i++)
        command->argv[i] = fake_text_new(argv[i], lens ? lens[i] : strlen(argv[i]));
    return command;
}

void redis_send(struct redis *redis, redis_reply_fn *reply, void *context, int argc, const char *const *argv,
                const size_t *lens) {
    fake_add(redis, reply, context, argc, argv, lens);
}

void redis_command(struct redis *redis, redis_reply_fn *reply, void *context, ...) {
    const char *words[REDIS_WORDS_MAX];
    size_t lens[REDIS_WORDS_MAX];
    va_list arguments;
    va_start(arguments, context);
    int n = redis_words(arguments, words, lens);
    va_end(arguments);
    fake_add(redis, reply, context, n, words, lens);
}

void redis_write(struct redis *redis) { (void)redis; }

void redis_range(struct redis *redis, const char *key, int64_t first, int64_t last, redis_sink_fn *sink,
                 redis_reply_fn *done, void *context) {
    char from[24], to[24];
    snprintf(from, sizeof from, "%lld", (long long)first);
    snprintf(to, sizeof to, "%lld", (long long)last);
    struct fake_command *command =
        fake_add(redis, done, context, 4, (const char *const[]){"LRANGE", key, from, to}, NULL);
    if (command) command->sink = sink;
}

#endif
