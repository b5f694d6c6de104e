/* The users' file, credentials, and what guessing costs. */
#include "http/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* All of the password "secret". */
#define SHA512 "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1"
#define BCRYPT "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
#define YESCRYPT "$y$j75$saltsaltsalt$jyf/lxrpdyAIshWRo1x5DRC6KIE7sNRRtjcomR3PgHA"
#define S INT64_C(1000000)

static char path[64];

static void write_users(const char *text) {
    snprintf(path, sizeof path, "/tmp/test_auth.%ld", (long)getpid());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

static struct auth *users(const char *text) {
    struct error error = {""};
    write_users(text);
    struct auth *auth = auth_open(path, &error);
    unlink(path);
    if (!auth) fail_msg("%s", error.text);
    return auth;
}

static void refused(const char *text, const char *reason) {
    struct error error = {""};
    char expected[512];
    write_users(text);
    assert_null(auth_open(path, &error));
    unlink(path);
    snprintf(expected, sizeof expected, "%s%s", path, reason);
    assert_string_equal(error.text, expected);
}

static const char *basic(const char *text) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static char header[2048];
    size_t len = strlen(text), at = (size_t)snprintf(header, sizeof header, "Basic ");
    for (size_t i = 0; i < len; i += 3) {
        unsigned bits = (unsigned)(unsigned char)text[i] << 16;
        if (i + 1 < len) bits |= (unsigned)(unsigned char)text[i + 1] << 8;
        if (i + 2 < len) bits |= (unsigned char)text[i + 2];
        header[at++] = digits[bits >> 18];
        header[at++] = digits[bits >> 12 & 63];
        header[at++] = i + 1 < len ? digits[bits >> 6 & 63] : '=';
        header[at++] = i + 2 < len ? digits[bits & 63] : '=';
    }
    header[at] = '\0';
    return header;
}

/* The whole way; AUTH_VERIFY ends in AUTH_RIGHT or AUTH_WRONG. *slow: whether a hash was worked out. */
static enum auth_verdict ask(struct auth *auth, const char *credentials, const char *client, int64_t now, bool *slow,
                             unsigned *wait_s) {
    struct auth_attempt attempt;
    enum auth_verdict verdict = auth_look(auth, credentials, client, now, &attempt, wait_s);
    *slow = verdict == AUTH_VERIFY;
    if (!*slow) return verdict;
    return auth_settle(auth, &attempt, auth_verify(&attempt)) ? AUTH_RIGHT : AUTH_WRONG;
}

static enum auth_verdict ask_simply(struct auth *auth, const char *credentials) {
    bool slow;
    unsigned wait_s;
    return ask(auth, credentials, "192.0.2.1", 0, &slow, &wait_s);
}

static void files(void **state) {
    (void)state;
    auth_free(users("anna:" BCRYPT "\n"));
    auth_free(users("# who may\n\nanna:" BCRYPT "\r\nbert:" SHA512 "\ncarl:" YESCRYPT));
    refused("", ": the file contains no users");
    refused("# anna\n", ": the file contains no users");
    refused("anna\n", ":1: expected a line user:hash, as htpasswd -nB prints it");
    refused(":" BCRYPT "\n", ":1: expected a line user:hash, as htpasswd -nB prints it");
    refused("anna:" BCRYPT "\nbert:" SHA512 "\nanna:" SHA512 "\n", ":3: the user is listed twice");
    static const char weak[] = "the hash is too weak or not a hash; use mkpasswd -m yescrypt";
    static const char none[] = "the hash is of a kind unknown to crypt(5); use mkpasswd -m yescrypt or htpasswd -nB";
    static const struct {
        const char *hash, *reason;
    } hashes[] = {
        {"secret", weak},    {"$1$SyJoFIOH$Uvja5EF/OiebR9geePQKx/", weak}, {"", none}, {"!", none}, {"*", none},
        {"$apr1$x$y", none}, {"{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", none}};
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        char text[128], reason[256];
        snprintf(text, sizeof text, "\nanna:%s\n", hashes[i].hash);
        snprintf(reason, sizeof reason, ":2: %s", hashes[i].reason);
        refused(text, reason);
    }
    struct error error;
    assert_null(auth_open("/nowhere/users", &error));
    assert_string_equal(error.text, "/nowhere/users: No such file or directory");
}

/* What crypt(5) can't have made would have no room in an attempt. */
static void long_hashes(void **state) {
    (void)state;
    char text[AUTH_HASH_BYTES + 32], hash[AUTH_HASH_BYTES + 1];
    memset(hash, 'x', sizeof hash);
    memcpy(hash, "$6$saltsalt$", strlen("$6$saltsalt$"));
    hash[AUTH_HASH_BYTES] = '\0';
    snprintf(text, sizeof text, "anna:%s\n", hash);
    refused(text, ":1: the hash is longer than 383 bytes");
    hash[AUTH_HASH_BYTES - 1] = '\0';
    snprintf(text, sizeof text, "anna:%s\n", hash);
    struct auth *auth = users(text);
    assert_int_equal(ask_simply(auth, basic("anna:secret")), AUTH_WRONG);
    auth_free(auth);
}

static void passwords(void **state) {
    (void)state;
    struct auth *auth = users("anna:" BCRYPT "\nbert:" SHA512 ":::\ncarl:" YESCRYPT "\n");
    static const char *const right[] = {"anna:secret", "bert:secret", "carl:secret"};
    static const char *const wrong[] = {"anna:Secret", "anna:secret ", "anna:", "anna:secre",
                                        "dora:secret", ":secret",      ":"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(ask_simply(auth, basic(right[i])), AUTH_RIGHT);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(ask_simply(auth, basic(wrong[i])), AUTH_WRONG);
    auth_free(auth);
}

/* None of these is worth a hash. */
static void what_is_no_credentials(void **state) {
    (void)state;
    struct auth *auth = users("anna:" BCRYPT "\n");
    char text[2048] = "anna:";
    static const char *const headers[] = {NULL,
                                          "",
                                          "Basic",
                                          "Basic ",
                                          "Basic !",
                                          "Basic YW5uYTpzZWNyZXQ",
                                          "Basic YW5uYTpzZWNyZXQ=x",
                                          "Basic YW5u*TpzZWNyZXQ=",
                                          "Basic ====",
                                          "Bearer YW5uYTpzZWNyZXQ=",
                                          "Basic YW5uYQ==",
                                          "Basic YW5uYTpzZWNy\nZXQ=",
                                          "Basic YW5uYTpzAGU=" /* a NUL */};
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
            bool slow;
            unsigned wait_s;
            assert_int_equal(ask(auth, headers[i], "192.0.2.1", 0, &slow, &wait_s), AUTH_WRONG);
            assert_false(slow);
        }
    memset(text + 5, 'x', 1000);
    assert_int_equal(ask_simply(auth, basic(text)), AUTH_WRONG);
    assert_int_equal(ask_simply(auth, "bAsIc  YW5uYTpzZWNyZXQ="), AUTH_RIGHT);
    auth_free(auth);
}

static void what_was_right_is_known(void **state) {
    (void)state;
    struct auth *auth = users("anna:" BCRYPT "\n");
    bool slow;
    unsigned wait_s;
    assert_int_equal(ask(auth, basic("anna:secret"), "192.0.2.1", 0, &slow, &wait_s), AUTH_RIGHT);
    assert_true(slow);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(ask(auth, basic("anna:secret"), "192.0.2.2", 0, &slow, &wait_s), AUTH_RIGHT);
        assert_false(slow);
    }
    assert_int_equal(ask(auth, basic("anna:secreT"), "192.0.2.1", 0, &slow, &wait_s), AUTH_WRONG);
    assert_true(slow);
    auth_free(auth);
}

static void guessing(void **state) {
    (void)state;
    struct auth *auth = users("anna:" BCRYPT "\n");
    const char *client = "192.0.2.1";
    bool slow;
    unsigned wait_s;
    for (int i = 0; i < AUTH_BURST; i++)
        assert_int_equal(ask(auth, basic("anna:x"), client, 100 * S, &slow, &wait_s), AUTH_WRONG);
    assert_int_equal(ask(auth, basic("anna:x"), client, 100 * S, &slow, &wait_s), AUTH_LATER);
    assert_int_equal(wait_s, 6);
    assert_int_equal(ask(auth, basic("anna:secret"), client, 105 * S, &slow, &wait_s), AUTH_LATER);
    assert_int_equal(wait_s, 1);
    /* Others don't suffer from it. */
    assert_int_equal(ask(auth, basic("anna:secret"), "192.0.2.2", 105 * S, &slow, &wait_s), AUTH_RIGHT);
    /* And what is known goes by. */
    assert_int_equal(ask(auth, basic("anna:secret"), client, 105 * S, &slow, &wait_s), AUTH_RIGHT);
    assert_int_equal(ask(auth, basic("anna:x"), client, 106 * S, &slow, &wait_s), AUTH_WRONG);
    assert_int_equal(ask(auth, basic("anna:x"), client, 106 * S, &slow, &wait_s), AUTH_LATER);
    assert_int_equal(wait_s, 6);
    /* After a minute there are ten again. */
    for (int i = 0; i < AUTH_BURST; i++)
        assert_int_equal(ask(auth, basic("anna:x"), client, 166 * S, &slow, &wait_s), AUTH_WRONG);
    assert_int_equal(ask(auth, basic("anna:x"), client, 166 * S, &slow, &wait_s), AUTH_LATER);
    auth_free(auth);
}

/* A /64 is one client, and so is an IPv4 address. */
static void clients(void **state) {
    (void)state;
    struct auth *auth = users("anna:" BCRYPT "\n");
    struct auth_attempt attempt;
    unsigned wait_s;
    char client[64];
    for (int i = 0; i < AUTH_BURST; i++) {
        snprintf(client, sizeof client, "2001:db8:0:1::%x", i);
        assert_int_equal(auth_look(auth, basic("anna:x"), client, 0, &attempt, &wait_s), AUTH_VERIFY);
    }
    assert_int_equal(auth_look(auth, basic("anna:x"), "2001:db8:0:1:ffff::1", 0, &attempt, &wait_s), AUTH_LATER);
    assert_int_equal(auth_look(auth, basic("anna:x"), "2001:db8:0:2::1", 0, &attempt, &wait_s), AUTH_VERIFY);
    /* A socket of both families has IPv4 clients, too. */
    for (int i = 0; i < AUTH_BURST; i++)
        assert_int_equal(auth_look(auth, basic("anna:x"), "::ffff:192.0.2.1", 0, &attempt, &wait_s), AUTH_VERIFY);
    assert_int_equal(auth_look(auth, basic("anna:x"), "192.0.2.1", 0, &attempt, &wait_s), AUTH_LATER);
    assert_int_equal(auth_look(auth, basic("anna:x"), "::ffff:192.0.2.2", 0, &attempt, &wait_s), AUTH_VERIFY);
    /* Of a great many, who has guessed most is remembered. */
    for (int i = 0; i < 2 * AUTH_CLIENTS; i++) {
        snprintf(client, sizeof client, "10.0.%d.%d", i / 256, i % 256);
        assert_int_equal(auth_look(auth, basic("anna:x"), client, 0, &attempt, &wait_s), AUTH_VERIFY);
    }
    assert_int_equal(auth_look(auth, basic("anna:x"), "2001:db8:0:1::1", 0, &attempt, &wait_s), AUTH_LATER);
    auth_free(auth);
}

/* An attempt that is under way counts, or many at a time would cost nothing. */
static void many_at_a_time(void **state) {
    (void)state;
    struct auth *auth = users("anna:" BCRYPT "\n");
    struct auth_attempt attempts[AUTH_BURST + 1];
    unsigned wait_s;
    for (int i = 0; i < AUTH_BURST; i++)
        assert_int_equal(auth_look(auth, basic("anna:secret"), "192.0.2.1", 0, &attempts[i], &wait_s), AUTH_VERIFY);
    assert_int_equal(auth_look(auth, basic("anna:secret"), "192.0.2.1", 0, &attempts[AUTH_BURST], &wait_s), AUTH_LATER);
    for (int i = 0; i < AUTH_BURST; i++) {
        assert_true(auth_verify(&attempts[i]));
        assert_true(auth_settle(auth, &attempts[i], true));
    }
    for (int i = 0; i < AUTH_BURST; i++)
        assert_int_equal(auth_look(auth, basic("anna:x"), "192.0.2.1", 0, &attempts[i], &wait_s), AUTH_VERIFY);
    auth_free(auth);
}

/* The file again, with other users. */
static void reread(struct auth *auth, const char *text) {
    struct error error = {""};
    write_users(text);
    int failed = auth_read(auth, path, &error);
    unlink(path);
    if (failed) fail_msg("%s", error.text);
}

static void read_again(void **state) {
    (void)state;
    struct auth *auth = users("anna:" BCRYPT "\nbert:" SHA512 "\n");
    bool slow;
    unsigned wait_s;
    assert_int_equal(ask_simply(auth, basic("anna:secret")), AUTH_RIGHT);
    assert_int_equal(ask_simply(auth, basic("bert:secret")), AUTH_RIGHT);
    reread(auth, "carl:" YESCRYPT "\nbert:" SHA512 "\n");
    assert_int_equal(ask(auth, basic("anna:secret"), "192.0.2.1", 0, &slow, &wait_s), AUTH_WRONG);
    assert_true(slow);
    assert_int_equal(ask(auth, basic("bert:secret"), "192.0.2.1", 0, &slow, &wait_s), AUTH_RIGHT);
    assert_false(slow); /* as he was, and known */
    assert_int_equal(ask_simply(auth, basic("carl:secret")), AUTH_RIGHT);
    /* Another hash: what was right is to be shown again. */
    reread(auth, "bert:" BCRYPT "\n");
    assert_int_equal(ask(auth, basic("bert:secret"), "192.0.2.1", 0, &slow, &wait_s), AUTH_RIGHT);
    assert_true(slow);
    auth_free(auth);
}

static void read_again_in_vain(void **state) {
    (void)state;
    struct auth *auth = users("anna:" BCRYPT "\n");
    struct error error;
    bool slow;
    unsigned wait_s;
    assert_int_equal(ask_simply(auth, basic("anna:secret")), AUTH_RIGHT);
    write_users("bert:" BCRYPT "\ncarl\n");
    assert_int_equal(auth_read(auth, path, &error), -1);
    assert_non_null(strstr(error.text, ":2: expected a line user:hash"));
    unlink(path);
    assert_int_equal(auth_read(auth, path, &error), -1);
    assert_non_null(strstr(error.text, "No such file or directory"));
    assert_int_equal(ask(auth, basic("anna:secret"), "192.0.2.1", 0, &slow, &wait_s), AUTH_RIGHT);
    assert_false(slow);
    assert_int_equal(ask_simply(auth, basic("bert:secret")), AUTH_WRONG);
    auth_free(auth);
}

static void guesses_outlast_the_file(void **state) {
    (void)state;
    struct auth *auth = users("anna:" BCRYPT "\n");
    for (int i = 0; i < AUTH_BURST; i++)
        assert_int_equal(ask_simply(auth, basic("anna:x")), AUTH_WRONG);
    reread(auth, "bert:" BCRYPT "\n");
    assert_int_equal(ask_simply(auth, basic("bert:secret")), AUTH_LATER);
    auth_free(auth);
}

/* The file changes while a hash is worked out: who is gone, or has another password, was wrong. */
static void read_again_meanwhile(void **state) {
    (void)state;
    static const struct {
        const char *users;
        bool right;
    } cases[] = {
        {"bert:" BCRYPT "\n", false}, {"anna:" SHA512 "\n", false}, {"bert:" SHA512 "\nanna:" BCRYPT "\n", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int early = 0; early < 2; early++) {
            struct auth *auth = users("anna:" BCRYPT "\n");
            struct auth_attempt attempt;
            unsigned wait_s;
            assert_int_equal(auth_look(auth, basic("anna:secret"), "192.0.2.1", 0, &attempt, &wait_s), AUTH_VERIFY);
            if (early) reread(auth, cases[i].users);
            assert_true(auth_verify(&attempt));
            if (!early) reread(auth, cases[i].users);
            assert_int_equal(auth_settle(auth, &attempt, true), cases[i].right);
            /* It is counted where it was wrong, and nothing is known by it. */
            for (int guess = 0; guess < AUTH_BURST - !cases[i].right; guess++)
                assert_int_equal(ask_simply(auth, basic("anna:x")), AUTH_WRONG);
            assert_int_equal(ask_simply(auth, basic("anna:x")), AUTH_LATER);
            assert_int_equal(ask_simply(auth, basic("anna:secret")), cases[i].right ? AUTH_RIGHT : AUTH_LATER);
            auth_free(auth);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(long_hashes),
        cmocka_unit_test(passwords),
        cmocka_unit_test(what_is_no_credentials),
        cmocka_unit_test(what_was_right_is_known),
        cmocka_unit_test(guessing),
        cmocka_unit_test(clients),
        cmocka_unit_test(many_at_a_time),
        cmocka_unit_test(read_again),
        cmocka_unit_test(read_again_in_vain),
        cmocka_unit_test(guesses_outlast_the_file),
        cmocka_unit_test(read_again_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
