/* Redis' settings, looked at after each connect: a warning for each that can lose entries. */
#include "queue/redis_look.h"

#include "base/log.h"

static void look_end(struct redis_look *look) {
    unsigned found = redis_settings_judge(&look->settings), fresh = found & ~look->found;
    for (unsigned i = 0; i < REDIS_FINDINGS; i++)
        if (fresh >> i & 1)
            log_warning("queue", "%s: %s. Fix: %s", look->display, redis_finding_meaning((enum redis_finding)i),
                        redis_finding_fix((enum redis_finding)i));
    look->found = found;
}

static void on_answer(void *context, const redisReply *reply) {
    struct redis_look *look = context;
    redis_settings_read(&look->settings, reply);
    if (--look->pending == 0) look_end(look);
}

void redis_look_ask(struct redis_look *look, struct redis *redis, const char *display) {
    look->display = display;
    look->settings = (struct redis_settings){.limited = REDIS_UNKNOWN};
    look->pending = REDIS_SETTINGS_QUESTIONS;
    for (unsigned i = 0; i < REDIS_SETTINGS_QUESTIONS; i++) {
        const char *const *words = redis_settings_questions[i];
        redis_command(redis, on_answer, look, words[0], words[1], words[2], NULL);
    }
}

void redis_look_show(const struct redis_look *look, struct show *show) {
    struct buffer text = BUFFER_INIT;
    show_family(show, SHOW_GAUGE, "redis_setting", "finding",
                "Whether a setting of Redis can lose entries, by what it does.");
    for (unsigned i = 0; i < REDIS_FINDINGS; i++) {
        enum redis_finding finding = (enum redis_finding)i;
        bool found = look->found >> i & 1;
        show_member(show, redis_finding_name(finding), found);
        if (found)
            buffer_printf(&text, "%s%s. Fix: %s", text.len ? "\n" : "", redis_finding_meaning(finding),
                          redis_finding_fix(finding));
    }
    show_text(show, "redis_problems", text.data);
    buffer_release(&text);
}
