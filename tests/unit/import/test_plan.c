/* The importer's plan, walked through every order of events against a model of Redis, of the ledger and of another
 * consumer.
 *
 * A world is the plan with all that it acts upon. From each world every event that can happen is tried: the operation
 * under way is answered, or the connection is lost before or after it was carried out; the store writes, and later
 * answers; the claims of a consumer that is cut off are adopted, committed and settled by another; the process crashes
 * and starts anew; it is told to stop, to flush, to look. DEPTH events deep, each kind as often as `budgets` says, and
 * a world that was seen before no further. In each world the invariants of check() must hold, and from each all must
 * come to an end when nothing more goes wrong. */
#include "import/plan.h"

#include "plan_process.h"

/* --- the walk --- */

static uint64_t mixed(uint64_t hash, const void *bytes, size_t n) {
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(1099511628211);
    return hash;
}

#define MIX(value) (hash = mixed(hash, &(value), sizeof(value)))

static uint64_t claims_hash(uint64_t hash, const struct claim *claims, size_t n) {
    MIX(n);
    for (size_t i = 0; i < n; i++) {
        hash = mixed(hash, claims[i].key, strlen(claims[i].key));
        MIX(claims[i].len);
        MIX(claims[i].read), MIX(claims[i].ring), MIX(claims[i].is_new);
    }
    return hash;
}

static uint64_t row_hash(uint64_t hash, const struct row *row) {
    hash = mixed(hash, row->ledger.id.consumer, strlen(row->ledger.id.consumer));
    MIX(row->ledger.id.generation), MIX(row->ring);
    MIX(row->ledger.claim);
    MIX(row->ledger.position);
    MIX(row->ledger.adopted);
    return mixed(hash, row->entries, row->n);
}

static uint64_t plan_hash(uint64_t hash, const struct plan *plan) {
    MIX(plan->under_way);
    MIX(plan->connected), MIX(plan->stopping), MIX(plan->left), MIX(plan->finished), MIX(plan->abandoned);
    MIX(plan->flush_due), MIX(plan->look_due), MIX(plan->paused), MIX(plan->finding), MIX(plan->last_number);
    MIX(plan->known.valid), MIX(plan->known.stale), MIX(plan->known.from), MIX(plan->known.end), MIX(plan->known.next);
    MIX(plan->known.ring), MIX(plan->known.window_ring);
    MIX(plan->counted_id), MIX(plan->filling);
    MIX(plan->at), MIX(plan->folding), MIX(plan->writing), MIX(plan->stale), MIX(plan->recovery), MIX(plan->limit);
    for (unsigned i = 0; i < 2; i++) {
        const struct batch *batch = &plan->batches[i];
        if (i == plan->at ? !plan->folding : plan->writing == WRITING_NONE) continue;
        MIX(batch->id.generation), MIX(batch->at), MIX(batch->live), MIX(batch->recount), MIX(batch->ended);
        MIX(batch->full), MIX(batch->adopted);
        hash = claims_hash(hash, batch->claims, batch->n_claims);
    }
    if (plan->recovery != RECOVERY_NONE) hash = claims_hash(hash, plan->old, plan->n_old);
    if (plan->under_way == PLAN_SETTLE) {
        hash = claims_hash(hash, plan->settlement.finished, plan->settlement.n_finished);
        hash = claims_hash(hash, plan->settlement.rests, plan->settlement.n_rests);
    }
    return claims_hash(hash, plan->returning, plan->n_returning);
}

static uint64_t world_hash(const struct world *world) {
    uint64_t hash = UINT64_C(1469598103934665603);
    hash = mixed(hash, world->queue, world->n_queue);
    MIX(world->counted), MIX(world->end), MIX(world->overlaps), MIX(world->known), MIX(world->known_places.ring);
    if (world->used[SAVED]) {
        const struct redis_model *saved = &world->saved;
        hash = mixed(hash, saved->queue, saved->n_queue);
        MIX(saved->n_lists), MIX(saved->counted);
        for (unsigned i = 0; i < saved->n_lists; i++)
            hash = mixed(hash, saved->lists[i].claim.key, strlen(saved->lists[i].claim.key));
    }
    MIX(world->n_lists), MIX(world->n_rows), MIX(world->job), MIX(world->written), MIX(world->refused);
    MIX(world->now_us), MIX(world->end_committed), MIX(world->lapsed), MIX(world->refusals), MIX(world->finished);
    hash = mixed(hash, world->used + LOST_BEFORE, 3 * sizeof world->used[0]);
    hash = mixed(hash, world->used + STOPPED, (EVENTS - STOPPED) * sizeof world->used[0]);
    MIX(world->used[ANSWERED_OTHERWISE]);
    for (unsigned i = 0; i < world->n_lists; i++) {
        hash = mixed(hash, world->lists[i].claim.key, strlen(world->lists[i].claim.key));
        hash = mixed(hash, world->lists[i].entries, world->lists[i].n);
    }
    for (unsigned i = 0; i < world->n_rows; i++)
        hash = row_hash(hash, &world->rows[i]);
    for (unsigned i = 0; i < 2; i++)
        hash = row_hash(hash, &world->filled[i]);
    return plan_hash(hash, &world->plan);
}

enum { SEEN = 1 << 22 };
static struct {
    uint64_t hash;
    unsigned depth; /* at which it was seen: less is worth going on from */
} *seen;
static uint64_t n_worlds;

/* Whether the world is new, or was reached by fewer events than ever. */
static bool is_new(const struct world *world) {
    uint64_t hash = world_hash(world) | 1;
    for (size_t at = hash % SEEN;; at = (at + 1) % SEEN) {
        if (seen[at].hash == hash) {
            bool nearer = depth < seen[at].depth;
            if (nearer) seen[at].depth = depth;
            return nearer;
        }
        if (seen[at].hash) continue;
        seen[at].hash = hash;
        seen[at].depth = depth;
        must(++n_worlds < SEEN / 2, "too many worlds for the test");
        check(world);
        check_end(world, false);
        check_end(world, true);
        return true;
    }
}

static void walk(const struct world *world) {
    if (!is_new(world) || world->finished || depth == DEPTH) return;
    for (enum happening event = 0; event < EVENTS; event++) {
        if (!can_happen(world, event)) continue;
        struct world *next = world_copy(world);
        path[depth++] = event;
        happen(next, event);
        walk(next);
        depth--;
        world_free(next);
    }
}

/* --- scenes --- */

static struct world *world_new(const char *name, unsigned entries, bool once) {
    struct world *world = mem_zalloc(1, sizeof *world);
    world->now_us = INT64_C(1000) * 1000000;
    process_init(world, once);
    scene = name;
    n_entries = entries;
    seen = mem_zalloc(SEEN, sizeof *seen);
    n_worlds = 0;
    depth = 0;
    return world;
}

static void queue_put(struct world *world, unsigned n, const uint8_t *entries) {
    memcpy(world->queue, entries, n);
    world->n_queue = n;
}

static void claim_put(struct world *world, const char *consumer, int64_t n, unsigned n_of, const uint8_t *entries) {
    struct claim claim = {.generation = 5, .n = n, .epoch = 7};
    snprintf(claim.consumer, sizeof claim.consumer, "%s", consumer);
    claim_name(&claim, PREFIX);
    struct list *list = list_make(world, &claim);
    memcpy(list->entries, entries, n_of);
    list->n = n_of;
}

static void walk_from(struct world *world) {
    step(world);
    walk(world);
    print_message("%s: %" PRIu64 " worlds\n", scene, n_worlds);
    free(seen);
    world_free(world);
}

static void a_queue(void **state) {
    (void)state;
    struct world *world = world_new("a queue", 3, false);
    queue_put(world, 3, (const uint8_t[]){1, 2, 3});
    walk_from(world);
}

/* What was folded is written, though Redis does not answer any more; of what a half of an answer has brought nobody
 * knows how far it is, and it stays claimed. */
static void a_stop_while_redis_is_silent(void **state) {
    static const enum happening losses[] = {LOST_BEFORE, LOST_AFTER, LOST_MIDWAY};
    (void)state;
    for (unsigned i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        struct world *world = world_new("a stop while Redis is silent", 3, false);
        queue_put(world, 1, (const uint8_t[]){1});
        step(world);
        happen(world, CONNECTED);
        happen(world, ANSWERED); /* there are no claims */
        happen(world, ANSWERED); /* the first entry */
        happen(world, RESUMED);
        queue_put(world, 2, (const uint8_t[]){2, 3});
        assert_int_equal(world->plan.under_way, PLAN_TAKE);
        happen(world, STOPPED);
        happen(world, losses[i]);
        assert_int_equal(world->job, losses[i] == LOST_MIDWAY ? NO_JOB : COMMIT);
        if (world->job == COMMIT) happen(world, STORE_WRITES), happen(world, STORE_ANSWERS);
        assert_true(world->finished);
        assert_int_equal(world->n_rows, losses[i] != LOST_MIDWAY);
        assert_int_equal(is_committed(world, 1), losses[i] != LOST_MIDWAY);
        assert_false(is_committed(world, 2));
        happen(world, CRASHED); /* the next start */
        world->finished = false;
        step(world);
        check(world);
        check_end(world, false);
        free(seen);
        world_free(world);
    }
}

static void a_queue_with_an_end(void **state) {
    (void)state;
    struct world *world = world_new("a queue with END", 3, false);
    queue_put(world, 4, (const uint8_t[]){1, END, 2, 3});
    walk_from(world);
}

static void a_queue_drained_once(void **state) {
    (void)state;
    struct world *world = world_new("a queue drained once", 3, true);
    queue_put(world, 3, (const uint8_t[]){1, 2, 3});
    walk_from(world);
}

static void a_redis_that_goes_back(void **state) {
    (void)state;
    struct world *world = world_new("a Redis that goes back", 3, false);
    world->counts = true;
    queue_put(world, 3, (const uint8_t[]){1, 2, 3});
    walk_from(world);
}

static void a_redis_that_goes_back_beyond_a_commit(void **state) {
    (void)state;
    struct world *world = world_new("a Redis that goes back beyond a commit", 3, false);
    world->counts = true;
    queue_put(world, 3, (const uint8_t[]){1, 2, 3});
    world->used[SAVED] = 1;
    world->saved = world->redis;
    step(world);
    for (unsigned i = 0; i < 20 && world->n_rows == 0; i++) {
        if (i == 5) plan_flush(&world->plan, FLUSH_SIGNAL), step(world);
        for (enum happening event = 0; event < RESUMED; event++)
            if (event != LOST_BEFORE && event != LOST_AFTER && event != LOST_MIDWAY && event != ANSWERED_OTHERWISE &&
                can_happen(world, event)) {
                happen(world, event);
                break;
            }
    }
    assert_int_equal(world->n_rows, 1);
    walk_from(world);
}

/* The ledger is asked for one place at a time, also while a generation has entries. */
static void a_redis_that_goes_back_in_small_windows(void **state) {
    (void)state;
    struct world *world = world_new("a Redis that goes back, in small windows", 3, false);
    world->counts = true;
    world->window = 1;
    process_init(world, false);
    queue_put(world, 3, (const uint8_t[]){1, 2, 3});
    walk_from(world);
}

/* The ledger is slow to answer: we look for dead consumers meanwhile, and it is asked again. */
static void a_ledger_that_is_asked_twice(void **state) {
    static const enum happening before[] = {CONNECTED, ANSWERED, LOOK_DUE, ANSWERED, ANSWERED};
    static const enum happening after[] = {STORE_WRITES, STORE_ANSWERS, ANSWERED_OTHERWISE};
    (void)state;
    struct world *world = world_new("a ledger that is asked twice", 2, false);
    world->counts = true;
    world->counted = 1; /* an entry that has long been forgotten */
    step(world);
    for (unsigned i = 0; i < sizeof before / sizeof before[0]; i++)
        happen(world, before[i]);
    assert_int_equal(world->job, KNOW);
    queue_put(world, 2, (const uint8_t[]){1, 2});
    for (unsigned i = 0; i < sizeof after / sizeof after[0]; i++)
        happen(world, after[i]);
    assert_int_equal(world->job, KNOW);
    walk_from(world);
}

/* It went back; another consumer has taken two of the entries before, and does not know it yet. */
static void a_late_commit_of_what_is_handed_out_again(void **state) {
    (void)state;
    struct world *world = world_new("a late commit of what is handed out again", 3, false);
    world->counts = true;
    queue_put(world, 3, (const uint8_t[]){1, 2, 3});
    world->late = (struct row){.ledger = {.id = {"late", 1}}, .n = 2, .entries = {1, 2}};
    world->places[1] = 1;
    world->places[2] = 2;
    walk_from(world);
}

static void claims_of_a_dead_consumer(void **state) {
    (void)state;
    struct world *world = world_new("claims of a dead consumer", 4, false);
    claim_put(world, "dead", 0, 1, (const uint8_t[]){1});
    claim_put(world, "dead", 1, 2, (const uint8_t[]){2, 3});
    queue_put(world, 1, (const uint8_t[]){4});
    walk_from(world);
}

/* By us or another survivor, who was cut off half way; or the dead one was only asleep, and took more. */
static void claims_adopted_in_part(void **state) {
    (void)state;
    struct world *world = world_new("claims adopted in part", 4, false);
    claim_put(world, "dead", 0, 1, (const uint8_t[]){1});
    claim_put(world, "dead", 1, 2, (const uint8_t[]){2, 3});
    claim_put(world, "dead", 2, 1, (const uint8_t[]){4});
    world->lists[1].claim.adopted = true;
    claim_name(&world->lists[1].claim, PREFIX);
    walk_from(world);
}

static void an_end_in_a_dead_consumers_claim(void **state) {
    (void)state;
    struct world *world = world_new("END in a dead consumer's claim", 2, false);
    claim_put(world, "dead", 0, 3, (const uint8_t[]){1, END, 2});
    walk_from(world);
}

static void claims_of_an_earlier_life(void **state) {
    (void)state;
    struct world *world = world_new("claims of an earlier life", 4, false);
    claim_put(world, "me", 0, 2, (const uint8_t[]){1, 2});
    claim_put(world, "me", 1, 1, (const uint8_t[]){3});
    queue_put(world, 1, (const uint8_t[]){4});
    walk_from(world);
}

static void claims_committed_in_an_earlier_life(void **state) {
    (void)state;
    struct world *world = world_new("claims committed in an earlier life", 4, false);
    claim_put(world, "me", 0, 1, (const uint8_t[]){1});
    claim_put(world, "me", 1, 2, (const uint8_t[]){2, 3});
    queue_put(world, 1, (const uint8_t[]){4});
    struct row row = {.ledger = {.id = {"me", 5}, .claim = 1, .position = 1, .rejected = 1}, .n = 2, .entries = {1, 2}};
    row_commit(world, &row); /* its refused entry may not have reached the rejected list */
    walk_from(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue),
        cmocka_unit_test(a_stop_while_redis_is_silent),
        cmocka_unit_test(a_queue_with_an_end),
        cmocka_unit_test(a_queue_drained_once),
        cmocka_unit_test(a_redis_that_goes_back),
        cmocka_unit_test(a_redis_that_goes_back_beyond_a_commit),
        cmocka_unit_test(a_redis_that_goes_back_in_small_windows),
        cmocka_unit_test(a_ledger_that_is_asked_twice),
        cmocka_unit_test(a_late_commit_of_what_is_handed_out_again),
        cmocka_unit_test(claims_of_a_dead_consumer),
        cmocka_unit_test(claims_adopted_in_part),
        cmocka_unit_test(an_end_in_a_dead_consumers_claim),
        cmocka_unit_test(claims_of_an_earlier_life),
        cmocka_unit_test(claims_committed_in_an_earlier_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
