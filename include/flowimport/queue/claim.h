/* A claim: a list in Redis that holds what a consumer took from the queue until its generation has committed.
 *
 * Its key says all:   {entry:queue}:claim:<consumer>:<generation>:<n>:<epoch>[@<queue id>.<place>][:adopted]
 * The set {entry:queue}:claims lists the keys there are or may be. The epoch is the "now" of every decision on its
 * entries. The queue counts what is taken out of it, in the hash {entry:queue}:taken: `place` is the number of the
 * claim's first entry, the others follow; the id was drawn when the counting began. ":adopted" marks what another
 * consumer has taken over: the claims of a generation that carry it are exactly what is replayed in the owner's name;
 * what the owner, if it was only asleep, adds later lacks the mark and is not lost. */
#ifndef FLOWIMPORT_QUEUE_CLAIM_H
#define FLOWIMPORT_QUEUE_CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLAIM_KEY_MAX = 640,
    CLAIM_CONSUMER_MAX = 128,
    QUEUE_NAME_MAX = 256,
    QUEUE_ID_MAX = 17 /* 16 hexadecimal digits */
};

struct claim {
    char key[CLAIM_KEY_MAX];
    char consumer[CLAIM_CONSUMER_MAX];
    int64_t generation, n, epoch;
    bool adopted;
    char queue_id[QUEUE_ID_MAX]; /* "": its entries were not counted */
    int64_t place;               /* of its first entry */
    int64_t len;                 /* entries it holds, as far as known */
    int64_t read;                /* entries of it taken into a generation so far */
    int64_t ring; /* rows that the store's ring had when it was known to have no entry of the claim (store/places.h) */
    bool is_new;  /* it is known to have none */
    bool alive;   /* listed: its consumer has shown life */
};

/* The names of a queue's helper keys: "{entry:queue}", or the name itself where it has a hash tag already. */
void claim_prefix(char *prefix, size_t size, const char *queue);
/* Writes claim->key from its other members. */
void claim_name(struct claim *claim, const char *prefix);
/* Reads the members from a key. false: not a claim's key of this queue. */
bool claim_parse(struct claim *claim, const char *prefix, const char *key, size_t len);
/* By consumer, generation, adopted first, n: the order in which claims are replayed. */
int claim_compare(const void *a, const void *b);

#endif
