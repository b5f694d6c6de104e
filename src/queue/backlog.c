/* The entries that stand in memory between the caller and Redis. */
#include "queue/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void backlog_init(struct backlog *backlog, size_t max_bytes) {
    *backlog = (struct backlog){.data = mem_alloc(2 * max_bytes), .max_bytes = max_bytes};
}

void backlog_release(struct backlog *backlog) { free(backlog->data); }

size_t backlog_bytes(const struct backlog *backlog) { return backlog->end - backlog->begin; }

bool backlog_add(struct backlog *backlog, uint64_t position, const char *text, size_t len) {
    const struct backlog_head head = {position, (uint32_t)len};
    size_t used = backlog_bytes(backlog);
    if (len > backlog->max_bytes || used + sizeof head + len > backlog->max_bytes) return false;
    if (backlog->end + sizeof head + len > 2 * backlog->max_bytes) {
        memmove(backlog->data, backlog->data + backlog->begin, used);
        backlog->unsent -= backlog->begin;
        backlog->begin = 0;
        backlog->end = used;
    }
    memcpy(backlog->data + backlog->end, &head, sizeof head);
    memcpy(backlog->data + backlog->end + sizeof head, text, len);
    backlog->end += sizeof head + len;
    backlog->n++;
    return true;
}

struct backlog_head backlog_at(const struct backlog *backlog, size_t at, const char **text, size_t *next) {
    struct backlog_head head;
    memcpy(&head, backlog->data + at, sizeof head);
    *text = backlog->data + at + sizeof head;
    *next = at + sizeof head + head.len;
    return head;
}

size_t backlog_send(struct backlog *backlog, const char **texts, size_t *lens, size_t n_max, size_t bytes,
                    uint64_t *last) {
    size_t n = 0, sum = 0, next;
    while (n < n_max && backlog->unsent < backlog->end) {
        struct backlog_head head = backlog_at(backlog, backlog->unsent, &texts[n], &next);
        sum += head.len;
        if (n > 0 && sum > bytes) break;
        lens[n++] = head.len;
        *last = head.position;
        backlog->unsent = next;
    }
    return n;
}

void backlog_unsend(struct backlog *backlog) { backlog->unsent = backlog->begin; }

void backlog_renumber(struct backlog *backlog, uint64_t more) {
    const char *text;
    for (size_t at = backlog->begin, next; at < backlog->end; at = next) {
        struct backlog_head head = backlog_at(backlog, at, &text, &next);
        head.position += more;
        memcpy(backlog->data + at, &head, sizeof head);
    }
}

void backlog_drop(struct backlog *backlog, uint64_t position) {
    const char *text;
    size_t next;
    while (backlog->begin < backlog->end && backlog_at(backlog, backlog->begin, &text, &next).position <= position) {
        backlog->begin = next;
        backlog->n--;
    }
    if (backlog->unsent < backlog->begin) backlog->unsent = backlog->begin;
}
