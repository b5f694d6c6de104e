/* Settings of a Redis server that decide whether it keeps what it was given: read from its answers, judged without
 * asking. Redis ships with settings for a cache; a queue requires others (README.md, "Redis").
 *
 * CONFIG may be forbidden (by an ACL, by a provider); INFO tells less: not whether there are snapshots, not how often
 * the append-only file is synced. Of what is not known nothing is found. */
#ifndef FLOWIMPORT_QUEUE_REDIS_SETTINGS_H
#define FLOWIMPORT_QUEUE_REDIS_SETTINGS_H

#include <hiredis/hiredis.h>
#include <stdint.h>

enum { REDIS_SETTINGS_QUESTIONS = 6, REDIS_SETTINGS_WORDS = 3 };

enum redis_known { REDIS_UNKNOWN, REDIS_NO, REDIS_YES };

struct redis_settings {         /* begins as {0}: nothing is known */
    char policy[32];            /* maxmemory-policy */
    char sync[16];              /* appendfsync */
    enum redis_known limited;   /* whether maxmemory is above 0 */
    enum redis_known appends;   /* whether there is an append-only file */
    enum redis_known snapshots; /* whether they are made by themselves */
    enum redis_known failing;   /* whether the last write of either has failed */
};

enum redis_finding {
    REDIS_EVICTS_ENTRIES,
    REDIS_EVICTS_LIFE,
    REDIS_KEEPS_NOTHING,
    REDIS_KEEPS_SNAPSHOTS,
    REDIS_SYNCS_LATE,
    REDIS_WRITES_FAIL,
    REDIS_FINDINGS
};

/* The commands to ask with; a last word of NULL is left out. */
extern const char *const redis_settings_questions[REDIS_SETTINGS_QUESTIONS][REDIS_SETTINGS_WORDS];

/* Takes over what the answer to one of them says; an error says nothing. */
void redis_settings_read(struct redis_settings *settings, const redisReply *reply);

/* The findings, as bits: 1 << finding. */
unsigned redis_settings_judge(const struct redis_settings *settings);

/* A word for scripts and labels; what it means; the command or the deed that helps. */
const char *redis_finding_name(enum redis_finding finding);
const char *redis_finding_meaning(enum redis_finding finding);
const char *redis_finding_fix(enum redis_finding finding);

#endif
