/* Where to connect to: what sentinels, masters, replicas and nodes of a cluster answer, and what follows. */
#include "queue/redis_route.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct redis_target target;
static struct redis_route route;
static char why[400];

static void begin(const char *url) {
    assert_int_equal(redis_target_parse(&target, &(struct redis_access){.url = url, .queue = "{q}"}, NULL), 0);
    redis_route_init(&route, &target);
    redis_route_begin(&route);
}

static int teardown(void **state) {
    (void)state;
    redis_target_release(&target);
    return 0;
}

static void at(const char *host, int port) {
    assert_string_equal(route.at.host, host);
    assert_int_equal(route.at.port, port);
}

static void asks(const char *first, const char *second, const char *third) {
    const char *words[3] = {NULL}, *expected[3] = {first, second, third};
    unsigned n = redis_route_question(&route, words);
    assert_int_equal(n, third ? 3 : second ? 2 : 1);
    for (unsigned i = 0; i < n; i++)
        assert_string_equal(words[i], expected[i]);
}

/* --- replies --- */

static enum redis_route_step answer(const redisReply *reply) {
    *why = '\0';
    return redis_route_answer(&route, reply, why, sizeof why);
}

static enum redis_route_step answer_error(char *text) {
    return answer(&(redisReply){.type = REDIS_REPLY_ERROR, .str = text, .len = strlen(text)});
}

static enum redis_route_step answer_number(long long number) {
    return answer(&(redisReply){.type = REDIS_REPLY_INTEGER, .integer = number});
}

static enum redis_route_step answer_texts(char *first, char *second) {
    redisReply texts[2] = {{.type = REDIS_REPLY_STRING, .str = first, .len = strlen(first)},
                           {.type = REDIS_REPLY_STRING, .str = second, .len = strlen(second)}};
    redisReply *elements[2] = {&texts[0], &texts[1]};
    return answer(&(redisReply){.type = REDIS_REPLY_ARRAY, .elements = 2, .element = elements});
}

static enum redis_route_step answer_nil(void) { return answer(&(redisReply){.type = REDIS_REPLY_NIL}); }

/* One range of slots: a master, and a replica. */
static void learn(char *host, long long port, char *other, long long other_port) {
    redisReply from = {.type = REDIS_REPLY_INTEGER}, to = {.type = REDIS_REPLY_INTEGER, .integer = 16383};
    redisReply hosts[2] = {{.type = REDIS_REPLY_STRING, .str = host, .len = strlen(host)},
                           {.type = REDIS_REPLY_STRING, .str = other, .len = strlen(other)}};
    redisReply ports[2] = {{.type = REDIS_REPLY_INTEGER, .integer = port},
                           {.type = REDIS_REPLY_INTEGER, .integer = other_port}};
    redisReply *first[] = {&hosts[0], &ports[0]}, *second[] = {&hosts[1], &ports[1]};
    redisReply nodes[2] = {{.type = REDIS_REPLY_ARRAY, .elements = 2, .element = first},
                           {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = second}};
    redisReply *parts[] = {&from, &to, &nodes[0], &nodes[1]};
    redisReply range = {.type = REDIS_REPLY_ARRAY, .elements = 4, .element = parts};
    redisReply *ranges[] = {&range};
    redis_route_learn(&route, &(redisReply){.type = REDIS_REPLY_ARRAY, .elements = 1, .element = ranges});
}

static bool left(const char *error) {
    *why = '\0';
    return redis_route_left(&route, error, why, sizeof why);
}

/* --- a server --- */

static void a_server(void **state) {
    (void)state;
    begin("redis://h:7/2");
    at("h", 7);
    assert_true(redis_route_logs_in(&route));
    assert_false(redis_route_learns(&route));
    asks("ROLE", NULL, NULL);
    assert_int_equal(answer_texts("master", "0"), REDIS_ROUTE_HERE);
    assert_int_equal(answer_texts("slave", "h"), REDIS_ROUTE_HERE);
    assert_int_equal(answer_error("NOPERM this user has no permissions to run the 'role' command"), REDIS_ROUTE_HERE);
    assert_int_equal(answer_texts("sentinel", "m"), REDIS_ROUTE_FAILED);
    assert_string_equal(why, "this is a sentinel, not a server: redis+sentinel://host[,host...]/master asks it for the "
                             "master");
    assert_false(redis_route_next(&route));
}

static void a_server_that_is_of_a_cluster(void **state) {
    (void)state;
    begin("redis://h");
    assert_true(left("MOVED 5 h2:7001"));
    assert_string_equal(why, "this is a node of a Redis Cluster that does not have the queue; "
                             "redis+cluster://host[,host...] finds it (MOVED 5 h2:7001)");
    redis_route_begin(&route);
    at("h", 6379);
    assert_true(left("READONLY You can't write against a read only replica."));
    assert_true(left("LOADING Redis is loading the dataset in memory"));
    assert_false(left("ERR unknown command"));
    assert_false(left("OOM command not allowed"));
}

/* --- sentinels --- */

static void sentinels_name_the_master(void **state) {
    (void)state;
    begin("redis+sentinel://u:p@a,b:5/m");
    at("a", 26379);
    assert_false(redis_route_logs_in(&route));
    asks("SENTINEL", "get-master-addr-by-name", "m");
    assert_int_equal(answer_texts("10.0.0.7", "6380"), REDIS_ROUTE_ON);
    at("10.0.0.7", 6380);
    assert_true(redis_route_logs_in(&route));
    asks("ROLE", NULL, NULL);
    assert_int_equal(answer_texts("master", "0"), REDIS_ROUTE_HERE);
    redis_route_begin(&route); /* lost: they are asked anew */
    at("a", 26379);
}

static void a_sentinel_that_does_not_know(void **state) {
    (void)state;
    begin("redis+sentinel://a,b/m");
    assert_int_equal(answer_nil(), REDIS_ROUTE_FAILED);
    assert_string_equal(why, "a:26379: the sentinel knows no master 'm'");
    assert_true(redis_route_next(&route));
    at("b", 26379);
    assert_int_equal(answer_texts("", "6380"), REDIS_ROUTE_FAILED);
    assert_int_equal(answer_texts("h", "65536"), REDIS_ROUTE_FAILED);
    assert_string_equal(why, "b:26379: the sentinel names no address");
    assert_int_equal(answer_error("ERR No such master with that name"), REDIS_ROUTE_FAILED);
    assert_false(redis_route_next(&route));
    redis_route_begin(&route); /* the next attempt begins with another */
    at("b", 26379);
}

static void a_sentinel_that_is_behind(void **state) {
    (void)state;
    begin("redis+sentinel://a,b/m");
    assert_int_equal(answer_texts("old", "1"), REDIS_ROUTE_ON);
    assert_int_equal(answer_texts("slave", "new"), REDIS_ROUTE_FAILED);
    assert_string_equal(why, "old:1: the sentinels call it the master, it calls itself a replica");
    assert_true(redis_route_next(&route));
    at("b", 26379);
    assert_int_equal(answer_texts("new", "1"), REDIS_ROUTE_ON);
    at("new", 1);
}

static void a_sentinel_with_a_password(void **state) {
    (void)state;
    begin("redis+sentinel://:p@a/m");
    assert_int_equal(answer_error("NOAUTH Authentication required."), REDIS_ROUTE_ON);
    at("a", 26379);
    assert_true(redis_route_logs_in(&route));
    asks("SENTINEL", "get-master-addr-by-name", "m");
    assert_int_equal(answer_error("NOAUTH Authentication required."), REDIS_ROUTE_FAILED); /* not for ever */
    redis_target_release(&target);
    begin("redis+sentinel://a/m");
    assert_int_equal(answer_error("NOAUTH Authentication required."), REDIS_ROUTE_FAILED);
}

/* --- clusters --- */

static void a_cluster_says_where(void **state) {
    (void)state;
    begin("redis+cluster://a:1,b:2");
    at("a", 1);
    assert_true(redis_route_logs_in(&route));
    asks("EXISTS", "{q}", NULL);
    assert_int_equal(answer_error("MOVED 3999 127.0.0.1:6381"), REDIS_ROUTE_ON);
    at("127.0.0.1", 6381);
    assert_int_equal(answer_error("MOVED 3999 2001:db8::1:6382"), REDIS_ROUTE_ON);
    at("2001:db8::1", 6382);
    assert_int_equal(answer_error("MOVED 3999 :6383"), REDIS_ROUTE_ON); /* another port of the same */
    at("2001:db8::1", 6383);
    assert_int_equal(answer_number(0), REDIS_ROUTE_HERE);
    assert_true(redis_route_learns(&route));
    assert_int_equal(answer_error("NOPERM this user has no permissions to access one of the keys"), REDIS_ROUTE_HERE);
}

static void what_is_no_place(void **state) {
    static char *const errors[] = {"MOVED",
                                   "MOVED ",
                                   "MOVED 1",
                                   "MOVED 1 ",
                                   "MOVED 1 h",
                                   "MOVED 1 h:",
                                   "MOVED 1 h:0",
                                   "MOVED 1 h:65536",
                                   "ASK 1 h:1",
                                   "CLUSTERDOWN The cluster is down",
                                   "NOAUTH Authentication required."};
    (void)state;
    begin("redis+cluster://a:1");
    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        assert_int_equal(answer_error(errors[i]), REDIS_ROUTE_FAILED);
        at("a", 1);
    }
    assert_string_equal(why, "a:1: NOAUTH Authentication required.");
}

static void nodes_that_send_round(void **state) {
    (void)state;
    begin("redis+cluster://a:1");
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(answer_error(i % 2 ? "MOVED 1 a:1" : "MOVED 1 b:2"), REDIS_ROUTE_ON);
    assert_int_equal(answer_error("MOVED 1 b:2"), REDIS_ROUTE_FAILED);
    assert_false(redis_route_next(&route));
}

static void nodes_are_learned(void **state) {
    (void)state;
    begin("redis+cluster://a:1");
    learn("a", 1, "b", 2);
    assert_int_equal(route.n_nodes, 2);
    learn("c", 3, "?", 4); /* b has gone; a is the URL's; a node whose address is not known is none */
    assert_int_equal(route.n_nodes, 2);
    redis_route_begin(&route);
    at("a", 1);
    assert_true(redis_route_next(&route));
    at("c", 3);
    assert_false(redis_route_next(&route));
    for (int i = 0; i < 100; i++)
        learn("c", i, "d", i + 1);
    assert_int_equal(route.n_nodes, 3);
    redis_route_learn(&route, &(redisReply){.type = REDIS_REPLY_ERROR, .str = "NOPERM"});
    assert_int_equal(route.n_nodes, 3);
}

static void the_slot_moves_while_it_is_used(void **state) {
    (void)state;
    begin("redis+cluster://a:1,b:2");
    assert_int_equal(answer_number(1), REDIS_ROUTE_HERE);
    assert_true(left("MOVED 1 c:3"));
    assert_string_equal(why, "another node of the cluster has the queue now (MOVED 1 c:3)");
    redis_route_begin(&route);
    at("c", 3);
    assert_true(redis_route_next(&route)); /* it is gone: back to those that are known */
    at("a", 1);
    assert_true(redis_route_next(&route));
    at("b", 2);
    assert_false(redis_route_next(&route));
    assert_true(left("ASK 1 c:3"));
    assert_true(left("TRYAGAIN Multiple keys request during rehashing of slot"));
    assert_true(left("CLUSTERDOWN Hash slot not served"));
    redis_route_begin(&route);
    at("b", 2);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_server),
        TEST(a_server_that_is_of_a_cluster),
        TEST(sentinels_name_the_master),
        TEST(a_sentinel_that_does_not_know),
        TEST(a_sentinel_that_is_behind),
        TEST(a_sentinel_with_a_password),
        TEST(a_cluster_says_where),
        TEST(what_is_no_place),
        TEST(nodes_that_send_round),
        TEST(nodes_are_learned),
        TEST(the_slot_moves_while_it_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
