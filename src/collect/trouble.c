/* Faults counted, as long as they follow each other. */
#include "collect/trouble.h"

static bool is_recent(const struct trouble *trouble, uint32_t now) {
    return trouble->n > 0 && now >= trouble->last && now - trouble->last <= TROUBLE_RECENT_S;
}

void trouble_note(struct trouble *trouble, uint32_t now) {
    if (!is_recent(trouble, now)) trouble->n = 0;
    if (trouble->n < UINT32_MAX) trouble->n++;
    trouble->last = now;
}

bool trouble_tells(const struct trouble *trouble, uint32_t known, uint32_t now) {
    return trouble->n >= TROUBLE_MANY && is_recent(trouble, now) && now >= known && now - known >= TROUBLE_RECENT_S;
}
