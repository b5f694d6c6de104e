/* Any bytes as a key in Redis: a claim of ours comes apart and together again to the same; all else is refused. */
#include "queue/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth, const char *what) {
    if (truth) return;
    fprintf(stderr, "fuzz_claim: %s\n", what);
    abort();
}

static void parse(const char *prefix, const char *key, size_t len) {
    struct claim claim, again;
    if (!claim_parse(&claim, prefix, key, len)) return;
    require(strlen(claim.key) == len && memcmp(claim.key, key, len) == 0, "another key");
    require(*claim.consumer && claim.generation >= 0 && claim.n >= 0 && claim.epoch >= 0, "a member out of its range");
    require(claim.len == 0 && claim.read == 0 && !claim.alive, "a member that the key doesn't tell");
    struct claim named = claim;
    claim_name(&named, prefix); /* without leading zeros */
    require(strlen(named.key) <= len, "a longer name");
    require(claim_parse(&again, prefix, named.key, strlen(named.key)), "the name written is not read");
    require(strcmp(again.consumer, claim.consumer) == 0 && again.generation == claim.generation && again.n == claim.n &&
                again.epoch == claim.epoch && again.adopted == claim.adopted,
            "the name written is another's");
    require(claim_compare(&again, &claim) == 0, "the order tells them apart");
}

/* The bytes as a key, and behind a prefix that makes them a likely one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char prefix[] = "{q}", head[] = "{q}:claim:";
    parse(prefix, (const char *)data, size);
    char *likely = malloc(size + sizeof head);
    if (!likely) abort();
    memcpy(likely, head, sizeof head - 1);
    memcpy(likely + sizeof head - 1, data, size);
    parse(prefix, likely, size + sizeof head - 1);
    free(likely);
    return 0;
}
