/* Claim keys: written, read, ordered. */
#include "queue/claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void claim_prefix(char *prefix, size_t size, const char *queue) {
    const char *open = strchr(queue, '{');
    const char *close = open ? strchr(open, '}') : NULL;
    bool tagged = close && close > open + 1; /* an empty tag is none (Redis Cluster specification, hash tags) */
    snprintf(prefix, size, tagged ? "%s" : "{%s}", queue);
}

void claim_name(struct claim *claim, const char *prefix) {
    char place[48] = "";
    if (claim->queue_id[0]) snprintf(place, sizeof place, "@%s.%" PRId64, claim->queue_id, claim->place);
    snprintf(claim->key, sizeof claim->key, "%s:claim:%s:%" PRId64 ":%" PRId64 ":%" PRId64 "%s%s", prefix,
             claim->consumer, claim->generation, claim->n, claim->epoch, place, claim->adopted ? ":adopted" : "");
}

/* Takes "<separator><number>" off the end of [text, *end). */
static bool number_take(const char *text, size_t *end, char separator, int64_t *number) {
    size_t at = *end, digits = 0;
    while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9')
        at--, digits++;
    if (digits == 0 || digits > 18 || at == 0 || text[at - 1] != separator) return false;
    *number = strtoll(text + at, NULL, 10);
    *end = at - 1;
    return true;
}

/* Takes "@<queue id>.<place>" off the end of claim->key, if it is there. */
static void place_take(struct claim *claim, size_t *end) {
    size_t at = *end;
    int64_t place;
    if (!number_take(claim->key, &at, '.', &place) || at < QUEUE_ID_MAX || claim->key[at - QUEUE_ID_MAX] != '@') return;
    const char *id = claim->key + at - (QUEUE_ID_MAX - 1);
    if (strspn(id, "0123456789abcdef") != QUEUE_ID_MAX - 1) return;
    memcpy(claim->queue_id, id, QUEUE_ID_MAX - 1);
    claim->place = place;
    *end = at - QUEUE_ID_MAX;
}

bool claim_parse(struct claim *claim, const char *prefix, const char *key, size_t len) {
    static const char adopted[] = ":adopted", word[] = ":claim:";
    size_t prefix_len = strlen(prefix), start = prefix_len + sizeof word - 1, end = len;
    memset(claim, 0, sizeof *claim);
    if (len >= sizeof claim->key || len <= start || memcmp(key, prefix, prefix_len) != 0 || memchr(key, '\0', len))
        return false;
    if (memcmp(key + prefix_len, word, sizeof word - 1) != 0) return false;
    memcpy(claim->key, key, len);
    if (end > sizeof adopted - 1 && memcmp(key + end - (sizeof adopted - 1), adopted, sizeof adopted - 1) == 0) {
        claim->adopted = true;
        end -= sizeof adopted - 1;
    }
    place_take(claim, &end);
    if (!number_take(claim->key, &end, ':', &claim->epoch) || !number_take(claim->key, &end, ':', &claim->n) ||
        !number_take(claim->key, &end, ':', &claim->generation))
        return false;
    if (end <= start || end - start >= sizeof claim->consumer) return false;
    memcpy(claim->consumer, key + start, end - start);
    return true;
}

int claim_compare(const void *a, const void *b) {
    const struct claim *left = a, *right = b;
    int order = strcmp(left->consumer, right->consumer);
    if (order == 0) order = (left->generation > right->generation) - (left->generation < right->generation);
    if (order == 0) order = right->adopted - left->adopted;
    if (order == 0) order = (left->n > right->n) - (left->n < right->n);
    return order;
}
