/* Redis' own settings: what is read of them, and what is wrong with them for a queue. */
#include "queue/redis_settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const redis_settings_questions[REDIS_SETTINGS_QUESTIONS][REDIS_SETTINGS_WORDS] = {
    {"INFO", "memory"},        {"INFO", "persistence"},         {"CONFIG", "GET", "maxmemory-policy"},
    {"CONFIG", "GET", "save"}, {"CONFIG", "GET", "appendonly"}, {"CONFIG", "GET", "appendfsync"},
};

static const struct {
    const char *name, *meaning, *fix;
} findings[REDIS_FINDINGS] = {
    [REDIS_EVICTS_ENTRIES] = {"evicts-entries",
                              "Redis deletes entries when its memory is full (maxmemory-policy allkeys-...)",
                              "redis-cli CONFIG SET maxmemory-policy noeviction"},
    [REDIS_EVICTS_LIFE] = {"evicts-signs-of-life",
                           "Redis deletes signs of life of importers when its memory is full (maxmemory-policy "
                           "volatile-...), so that they stop or adopt each other's claims",
                           "redis-cli CONFIG SET maxmemory-policy noeviction"},
    [REDIS_KEEPS_NOTHING] = {"keeps-nothing",
                             "Redis writes nothing to disk (appendonly no, save \"\"): when it ends, all entries that "
                             "are not yet committed are lost",
                             "redis-cli CONFIG SET appendonly yes"},
    [REDIS_KEEPS_SNAPSHOTS] = {"keeps-snapshots",
                               "Redis has no append-only file (appendonly no): when it crashes, what came after its "
                               "last snapshot is lost",
                               "redis-cli CONFIG SET appendonly yes"},
    [REDIS_SYNCS_LATE] = {"syncs-late",
                          "Redis leaves it to the system when its append-only file reaches the disk (appendfsync no): "
                          "a power cut loses up to about 30 seconds",
                          "redis-cli CONFIG SET appendfsync everysec"},
    [REDIS_WRITES_FAIL] = {"writes-fail", "Redis can't write its data to disk: its last snapshot or write has failed",
                           "free some space on its disk, then redis-cli BGSAVE; its log has the reason"},
};

static enum redis_known known(bool yes) { return yes ? REDIS_YES : REDIS_NO; }

/* Whether it is known yet is left alone; one failure is enough. */
static void failing_add(struct redis_settings *settings, const char *status) {
    bool failed = strcmp(status, "ok") != 0;
    if (failed || settings->failing == REDIS_UNKNOWN) settings->failing = known(failed);
}

/* Names of INFO and of CONFIG; they don't collide. */
static void value_read(struct redis_settings *settings, const char *name, const char *value) {
    if (strcmp(name, "maxmemory_policy") == 0 || strcmp(name, "maxmemory-policy") == 0)
        snprintf(settings->policy, sizeof settings->policy, "%s", value);
    else if (strcmp(name, "appendfsync") == 0)
        snprintf(settings->sync, sizeof settings->sync, "%s", value);
    else if (strcmp(name, "maxmemory") == 0)
        settings->limited = known(strtoull(value, NULL, 10) > 0);
    else if (strcmp(name, "aof_enabled") == 0)
        settings->appends = known(strcmp(value, "0") != 0);
    else if (strcmp(name, "appendonly") == 0)
        settings->appends = known(strcmp(value, "no") != 0);
    else if (strcmp(name, "save") == 0)
        settings->snapshots = known(value[0] != '\0');
    else if (strcmp(name, "rdb_last_bgsave_status") == 0 || strcmp(name, "aof_last_write_status") == 0)
        failing_add(settings, value);
}

/* Lines of "name:value". */
static void info_read(struct redis_settings *settings, const char *text) {
    char line[128];
    while (*text) {
        size_t len = strcspn(text, "\r\n");
        snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : sizeof line - 1), text);
        char *colon = strchr(line, ':');
        if (colon) {
            *colon = '\0';
            value_read(settings, line, colon + 1);
        }
        text += len;
        text += strspn(text, "\r\n");
    }
}

void redis_settings_read(struct redis_settings *settings, const redisReply *reply) {
    if (reply->type == REDIS_REPLY_STRING) info_read(settings, reply->str);
    if (reply->type != REDIS_REPLY_ARRAY) return;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *name = reply->element[i], *value = reply->element[i + 1];
        if (name->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING)
            value_read(settings, name->str, value->str);
    }
}

static bool is_found(const struct redis_settings *settings, enum redis_finding finding) {
    bool evicts = settings->limited == REDIS_YES;
    switch (finding) {
    case REDIS_EVICTS_ENTRIES: return evicts && strncmp(settings->policy, "allkeys-", 8) == 0;
    case REDIS_EVICTS_LIFE: return evicts && strncmp(settings->policy, "volatile-", 9) == 0;
    case REDIS_KEEPS_NOTHING: return settings->appends == REDIS_NO && settings->snapshots == REDIS_NO;
    case REDIS_KEEPS_SNAPSHOTS: return settings->appends == REDIS_NO && settings->snapshots != REDIS_NO;
    case REDIS_SYNCS_LATE: return settings->appends == REDIS_YES && strcmp(settings->sync, "no") == 0;
    case REDIS_WRITES_FAIL: return settings->failing == REDIS_YES;
    case REDIS_FINDINGS: break;
    }
    return false;
}

unsigned redis_settings_judge(const struct redis_settings *settings) {
    unsigned found = 0;
    for (unsigned i = 0; i < REDIS_FINDINGS; i++)
        if (is_found(settings, (enum redis_finding)i)) found |= 1u << i;
    return found;
}

const char *redis_finding_name(enum redis_finding finding) { return findings[finding].name; }
const char *redis_finding_meaning(enum redis_finding finding) { return findings[finding].meaning; }
const char *redis_finding_fix(enum redis_finding finding) { return findings[finding].fix; }
