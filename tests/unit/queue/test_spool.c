/* The spool's files: order, bound, restart, and files cut at every byte or damaged at any. */
#include "queue/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { MIB = 1 << 20, HEADER = 32, HEAD = 8, RECORDS = 6 };

static char folder[64];

static void folder_empty(void) {
    DIR *listing = opendir(folder);
    char path[400];
    if (!listing) return;
    for (const struct dirent *entry; (entry = readdir(listing));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(listing);
    rmdir(folder);
}

/* The name of the n-th file of the folder, by name; "" if there are fewer. */
static const char *file_name(unsigned n) {
    static char path[400];
    struct dirent **names;
    int found = scandir(folder, &names, NULL, alphasort);
    path[0] = '\0';
    for (int i = 0; i < found; i++) {
        if (names[i]->d_name[0] != '.' && n-- == 0) snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        free(names[i]);
    }
    if (found >= 0) free(names);
    return path;
}

static int setup(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "%s/test_spool.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder)) return -1;
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0); /* damage is said; here it is wanted */
    return 0;
}

static int teardown(void **state) {
    (void)state;
    folder_empty();
    return 0;
}

static struct spool *opened(uint64_t max_bytes) {
    struct error error;
    bool again;
    struct spool *spool = spool_open(&spool_of_entries, folder, max_bytes, 77, &again, &error);
    if (!spool) fail_msg("%s", error.text);
    return spool;
}

/* Entry number `position`: its length differs from its neighbours'. */
static size_t entry(uint64_t position, char text[64]) {
    return (size_t)snprintf(text, 64, "entry %" PRIu64 " %.*s", position, (int)(position % 17), "abcdefghijklmnopq");
}

/* [first, last], as far as there is room; returns the last one taken. */
static uint64_t add(struct spool *spool, uint64_t first, uint64_t last) {
    struct error error;
    char text[64];
    uint64_t position = first;
    while (position <= last && spool_stage(spool, position, text, entry(position, text)))
        position++;
    assert_int_equal(spool_write(spool, &error), 0);
    return position - 1;
}

/* All behind `position`, which must be [position + 1, last] or begin at `first`. Returns how many. */
static unsigned check(struct spool *spool, uint64_t position, uint64_t first) {
    const char *texts[100];
    size_t lens[100];
    unsigned n = 0;
    uint64_t expected = first, last = 0;
    for (int got; (got = spool_read(spool, position, texts, lens, 100, &last, NULL)) > 0; position = last)
        for (int i = 0; i < got; i++, expected++, n++) {
            char text[64];
            size_t len = entry(expected, text);
            assert_int_equal(lens[i], len);
            assert_memory_equal(texts[i], text, len);
        }
    if (n > 0) assert_int_equal(last, expected - 1);
    assert_false(spool_has(spool, position));
    return n;
}

static void in_order_and_forgotten_when_they_have_arrived(void **state) {
    (void)state;
    struct spool *spool = opened(MIB);
    assert_int_equal(spool_stream(spool), 77);
    assert_int_equal(spool_base(spool), 0);
    assert_false(spool_has(spool, 0));
    assert_int_equal(add(spool, 1, 1000), 1000);
    assert_true(spool_has(spool, 0));
    assert_true(spool_has(spool, 999));
    assert_false(spool_has(spool, 1000));
    assert_int_equal(check(spool, 0, 1), 1000);
    assert_int_equal(check(spool, 400, 401), 600);
    assert_int_equal(check(spool, 0, 1), 1000);
    assert_int_equal(add(spool, 1001, 1500), 1500);
    assert_int_equal(check(spool, 1000, 1001), 500);
    spool_forget(spool, 1499);
    assert_int_equal(check(spool, 1499, 1500), 1);
    spool_forget(spool, 1500);
    assert_int_equal(spool_counts(spool).bytes, 0);
    assert_int_equal(spool_counts(spool).entries, 0);
    assert_string_equal(file_name(0), "");
    spool_close(spool);
}

static void reading_goes_on_where_writing_does(void **state) {
    (void)state;
    struct spool *spool = opened(MIB);
    for (uint64_t position = 1; position <= 3000; position += 3) {
        assert_int_equal(add(spool, position, position + 2), position + 2);
        assert_int_equal(check(spool, position - 1, position), 3);
    }
    spool_close(spool);
}

static void many_segments(void **state) {
    (void)state;
    struct spool *spool = opened(4 * MIB); /* segments of 1 MiB */
    uint64_t last = 0;
    for (unsigned i = 0; i < 90; i++)
        last = add(spool, last + 1, last + 1000);
    assert_int_equal(last, 90000);
    assert_true(spool_counts(spool).bytes > 2 * MIB);
    assert_string_not_equal(file_name(2), "");
    assert_int_equal(check(spool, 0, 1), 90000);
    assert_int_equal(check(spool, 50000, 50001), 40000);
    assert_int_equal(check(spool, 123, 124), 90000 - 123);
    uint64_t bytes = spool_counts(spool).bytes;
    spool_forget(spool, 60000);
    assert_true(spool_counts(spool).bytes < bytes - MIB / 2);
    assert_int_equal(check(spool, 60000, 60001), 30000);
    spool_close(spool);
}

/* The files never take more than the bound, and what was refused finds room when others have left. */
static void the_bound_refuses_the_newest(void **state) {
    (void)state;
    struct spool *spool = opened(MIB);
    uint64_t last = 0, before;
    do {
        before = last;
        last = add(spool, last + 1, last + 500);
    } while (last == before + 500);
    struct spool_counts counts = spool_counts(spool);
    assert_int_equal(counts.entries, last);
    assert_true(counts.bytes <= MIB && counts.bytes > MIB - 200);
    assert_int_equal(add(spool, last + 1, last + 1), last);
    assert_int_equal(check(spool, 0, 1), last);
    spool_forget(spool, last / 2);
    assert_int_equal(add(spool, last + 1, last + 100), last + 100);
    assert_int_equal(check(spool, last / 2, last / 2 + 1), last + 100 - last / 2);
    spool_close(spool);
}

static void a_new_process_finds_them(void **state) {
    (void)state;
    struct error error;
    struct spool *spool = opened(MIB);
    add(spool, 1, 300);
    bool again;
    assert_null(spool_open(&spool_of_entries, folder, MIB, 5, &again, &error));
    assert_false(again);
    assert_non_null(strstr(error.text, "in use by another process"));
    assert_non_null(strstr(error.text, folder));
    spool_close(spool);

    spool = spool_open(&spool_of_entries, folder, MIB, 5, &again, &error);
    assert_non_null(spool);
    assert_int_equal(spool_stream(spool), 77);
    uint64_t base = spool_base(spool);
    assert_true(base > 300 + (UINT64_C(1) << 31));
    assert_int_equal(check(spool, 120, 121), 180);
    add(spool, base + 1, base + 50);
    assert_true(spool_has(spool, 300));
    assert_int_equal(check(spool, base, base + 1), 50);
    assert_int_equal(spool_counts(spool).entries, 350);
    spool_forget(spool, 300);
    assert_int_equal(spool_counts(spool).entries, 50);
    assert_int_equal(check(spool, 300, base + 1), 50);
    assert_int_equal(spool_counts(spool).torn + spool_counts(spool).damaged, 0);
    spool_close(spool);
}

static void copy(const char *from, char *to, off_t *size) {
    int fd = open(from, O_RDONLY);
    *size = read(fd, to, MIB);
    close(fd);
}

static void file_put(const char *path, const char *bytes, off_t size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, (size_t)size), size);
    close(fd);
}

/* Whole records before the byte. */
static unsigned whole_records(off_t byte, unsigned n, bool *between) {
    off_t at = HEADER;
    char text[64];
    unsigned i = 0;
    for (; i < n; i++) {
        off_t next = at + HEAD + (off_t)entry(i + 1, text);
        if (next > byte) break;
        at = next;
    }
    *between = at == byte;
    return i;
}

static void torn_at_every_byte(void **state) {
    (void)state;
    static char bytes[MIB];
    off_t size;
    struct spool *spool = opened(MIB);
    add(spool, 1, RECORDS);
    spool_close(spool);
    char name[400];
    snprintf(name, sizeof name, "%s", file_name(0));
    copy(name, bytes, &size);
    for (off_t cut = 0; cut <= size; cut++) {
        bool between;
        unsigned whole = whole_records(cut, RECORDS, &between);
        file_put(name, bytes, cut);
        spool = opened(MIB);
        struct spool_counts counts = spool_counts(spool);
        assert_int_equal(counts.entries, whole);
        assert_int_equal(counts.torn, cut > HEADER && !between);
        assert_int_equal(check(spool, 0, 1), whole);
        uint64_t base = spool_base(spool);
        add(spool, base + 1, base + 3);
        assert_int_equal(check(spool, whole, base + 1), 3);
        spool_close(spool);
        spool = opened(MIB); /* a tear is counted once */
        assert_int_equal(spool_counts(spool).torn, 0);
        assert_int_equal(spool_counts(spool).entries, whole + 3);
        spool_close(spool);
        while (*file_name(0))
            unlink(file_name(0));
    }
}

/* No byte that has changed makes another entry of one: the segment ends before it. */
static void damaged_at_every_byte(void **state) {
    (void)state;
    static char bytes[MIB];
    off_t size;
    struct spool *spool = opened(MIB);
    add(spool, 1, RECORDS);
    spool_close(spool);
    char name[400];
    snprintf(name, sizeof name, "%s", file_name(0));
    copy(name, bytes, &size);
    for (off_t at = 0; at < size; at++) {
        bool between;
        unsigned whole = at < HEADER ? 0 : whole_records(at, RECORDS, &between);
        bytes[at] ^= 0x10;
        file_put(name, bytes, size);
        bytes[at] ^= 0x10;
        spool = opened(MIB);
        assert_int_equal(spool_counts(spool).entries, whole);
        assert_int_equal(spool_counts(spool).torn, 1);
        assert_int_equal(check(spool, 0, 1), whole);
        spool_close(spool);
    }
}

/* Damage that comes while the spool is open is found in reading, counted, and what follows is read. */
static void damaged_while_open(void **state) {
    (void)state;
    struct spool *spool = opened(4 * MIB);
    uint64_t last = 0;
    for (unsigned i = 0; i < 60; i++)
        last = add(spool, last + 1, last + 1000);
    int fd = open(file_name(0), O_WRONLY);
    assert_int_equal(pwrite(fd, "?", 1, HEADER + HEAD), 1);
    close(fd);
    const char *text;
    size_t len;
    uint64_t first;
    assert_int_equal(spool_read(spool, 0, &text, &len, 1, &first, NULL), 1);
    struct spool_counts counts = spool_counts(spool);
    assert_int_equal(counts.damaged, first - 1);
    assert_int_equal(counts.entries, last - counts.damaged);
    assert_int_equal(check(spool, 0, first), last - counts.damaged);
    spool_forget(spool, first);
    assert_int_equal(check(spool, first, first + 1), last - first);
    spool_close(spool);
}

static void a_long_entry(void **state) {
    (void)state;
    static char text[3 * SPOOL_CHUNK];
    const char *texts[4];
    size_t lens[4];
    uint64_t last = 0;
    struct error error;
    memset(text, 'x', sizeof text);
    struct spool *spool = opened(MIB);
    assert_true(spool_stage(spool, 1, "", 0));
    assert_true(spool_stage(spool, 2, text, sizeof text));
    assert_true(spool_stage(spool, 3, "behind", 6));
    assert_false(spool_stage(spool, 4, text, sizeof text));
    assert_int_equal(spool_write(spool, &error), 0);
    for (unsigned pass = 0; pass < 2; pass++, last = 0) {
        unsigned n = 0;
        while (n < 3) {
            int got = spool_read(spool, last, texts, lens, 4, &last, NULL);
            assert_true(got > 0);
            for (int i = 0; i < got; i++, n++) {
                assert_int_equal(lens[i], n == 0 ? 0 : n == 1 ? sizeof text : 6);
                assert_memory_equal(texts[i], n == 1 ? text : n == 0 ? "" : "behind", lens[i]);
            }
        }
        assert_int_equal(last, 3);
    }
    spool_close(spool);
}

/* A disk that is full in the middle of a write, played by the limit on the size of files: nothing of what was staged is
 * there, and the next try goes on from there. */
static void a_write_that_fails_leaves_nothing(void **state) {
    (void)state;
    struct rlimit limit, small;
    struct error error;
    char text[64];
    struct spool *spool = opened(MIB);
    add(spool, 1, 10);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = spool_counts(spool).bytes + 30;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (uint64_t position = 11; position <= 20; position++)
        assert_true(spool_stage(spool, position, text, entry(position, text)));
    assert_int_equal(spool_write(spool, &error), -1);
    assert_non_null(strstr(error.text, folder));
    assert_int_equal(spool_counts(spool).entries, 10);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    add(spool, 11, 15);
    assert_int_equal(check(spool, 0, 1), 15);
    spool_close(spool);
    spool = opened(MIB);
    assert_int_equal(check(spool, 0, 1), 15);
    assert_int_equal(spool_counts(spool).torn, 0);
    spool_close(spool);
}

/* --- what the system refuses --- */

static const char *fail_place;
static int fail_number;
static unsigned fail_after, fail_left; /* passings of the place that don't, and then do */

static int call_fails(const char *place) {
    if (fail_left == 0 || strcmp(place, fail_place) != 0) return 0;
    if (fail_after > 0) {
        fail_after--;
        return 0;
    }
    fail_left--;
    return fail_number;
}

static void fail_next(const char *place, int number) {
    fail_place = place;
    fail_number = number;
    fail_left = 1;
    fail_after = 0;
    fault_call_hook = call_fails;
}

enum { ERRNO_MAX = 133 };

static void assert_file(const char *path, const char *bytes, off_t size) {
    static char found[MIB];
    off_t len;
    copy(path, found, &len);
    assert_int_equal(len, size);
    assert_memory_equal(found, bytes, (size_t)size);
}

/* Whatever the system answers, nothing is changed, and the next try finds every entry. */
static void every_errno_at_the_opening(void **state) {
    static const char *const places[] = {"spool-list", "spool-open", "spool-read"};
    static char bytes[MIB];
    struct error error;
    char path[400];
    off_t size;
    (void)state;
    struct spool *spool = opened(MIB);
    add(spool, 1, RECORDS);
    spool_close(spool);
    snprintf(path, sizeof path, "%s", file_name(0));
    copy(path, bytes, &size);
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++)
        for (int number = 1; number <= ERRNO_MAX; number++) {
            bool again, read_on = i == 2 && number == EINTR;
            fail_next(places[i], number);
            spool = spool_open(&spool_of_entries, folder, MIB, 5, &again, &error);
            assert_int_equal(fail_left, 0);
            assert_int_equal(spool != NULL, read_on);
            assert_int_equal(again, !read_on);
            if (!read_on) assert_non_null(strstr(error.text, strerror(number)));
            spool_close(spool);
            assert_string_equal(file_name(0), path);
            assert_string_equal(file_name(1), "");
            assert_file(path, bytes, size);
            spool = opened(MIB);
            assert_int_equal(spool_counts(spool).torn, 0);
            assert_int_equal(check(spool, 0, 1), RECORDS);
            spool_close(spool);
        }
    fault_call_hook = NULL;
}

/* Those that were read before stay whole, too. */
static void any_call_of_the_opening_fails(void **state) {
    static const char *const places[] = {"spool-open", "spool-read"};
    struct error error;
    bool again;
    (void)state;
    struct spool *spool = opened(4 * MIB);
    uint64_t last = 0;
    for (unsigned i = 0; i < 60; i++)
        last = add(spool, last + 1, last + 1000);
    spool_close(spool);
    assert_string_not_equal(file_name(1), "");
    for (unsigned i = 0; i < 2; i++)
        for (unsigned passes = 0;; passes++) {
            fail_next(places[i], EIO);
            fail_after = passes;
            spool = spool_open(&spool_of_entries, folder, 4 * MIB, 5, &again, &error);
            assert_true(spool || again);
            if (!spool) continue;
            assert_int_equal(fail_left, 1); /* there is no call more */
            assert_true(passes >= 2);
            fault_call_hook = NULL;
            assert_int_equal(check(spool, 0, 1), last);
            assert_int_equal(spool_counts(spool).torn, 0);
            spool_close(spool);
            break;
        }
}

static void every_errno_at_the_reading(void **state) {
    static const char *const places[] = {"spool-open", "spool-read"};
    const char *texts[RECORDS];
    size_t lens[RECORDS];
    struct error error;
    uint64_t last;
    (void)state;
    struct spool *spool = opened(MIB);
    add(spool, 1, RECORDS);
    spool_close(spool);
    for (unsigned i = 0; i < 2; i++)
        for (int number = 1; number <= ERRNO_MAX; number++) {
            if (i == 0 && number == ENOENT) continue;
            spool = opened(MIB);
            fail_next(places[i], number);
            int n = spool_read(spool, 0, texts, lens, RECORDS, &last, &error);
            assert_int_equal(fail_left, 0);
            assert_int_equal(n, i == 1 && number == EINTR ? RECORDS : -1);
            if (n < 0) assert_non_null(strstr(error.text, strerror(number)));
            assert_true(spool_has(spool, 0));
            assert_int_equal(check(spool, 0, 1), RECORDS);
            assert_int_equal(spool_counts(spool).damaged, 0);
            spool_close(spool);
        }
    fault_call_hook = NULL;
}

/* There is nothing to wait for: its entries are lost, and counted. */
static void a_segment_that_somebody_has_deleted(void **state) {
    const char *text;
    size_t len;
    struct error error;
    uint64_t last;
    (void)state;
    struct spool *spool = opened(MIB);
    add(spool, 1, RECORDS);
    unlink(file_name(0));
    assert_int_equal(spool_read(spool, 0, &text, &len, 1, &last, &error), 0);
    assert_int_equal(spool_counts(spool).damaged, RECORDS);
    spool_forget(spool, 0);
    assert_int_equal(spool_counts(spool).bytes, 0);
    spool_close(spool);
}

/* A wrong folder is for a person; what others may give back is not. */
static void every_errno_at_the_folder(void **state) {
    static const int passing[] = {EMFILE, ENFILE, ENOMEM, EIO, EAGAIN, EINTR};
    struct error error;
    (void)state;
    for (int number = 1; number <= ERRNO_MAX; number++) {
        bool again, expected = false;
        if (number == EEXIST) continue;
        for (unsigned i = 0; i < sizeof passing / sizeof passing[0]; i++)
            expected = expected || passing[i] == number;
        fail_next("spool-folder", number);
        assert_null(spool_open(&spool_of_entries, folder, MIB, 5, &again, &error));
        assert_int_equal(again, expected);
    }
    fault_call_hook = NULL;
}

/* Its good part is sent; then the file stands beside the others, byte by byte as it was found. */
static void damage_is_set_aside(void **state) {
    static char bytes[MIB];
    char path[400], aside[420];
    off_t size;
    (void)state;
    struct spool *spool = opened(MIB);
    add(spool, 1, RECORDS);
    spool_close(spool);
    snprintf(path, sizeof path, "%s", file_name(0));
    snprintf(aside, sizeof aside, "%s.damaged", path);
    copy(path, bytes, &size);
    for (off_t at = 0; at < size; at++) {
        bool between;
        char text[64];
        off_t last_head = size - (off_t)entry(RECORDS, text) - HEAD;
        if (at >= last_head && at < last_head + 4) continue; /* the last length: no telling it from a tear */
        unsigned whole = at < HEADER ? 0 : whole_records(at, RECORDS, &between);
        bytes[at] ^= 0x10;
        file_put(path, bytes, size);
        spool = opened(MIB);
        assert_int_equal(check(spool, 0, 1), whole);
        if (whole > 0) {
            assert_string_equal(file_name(0), path);
            spool_forget(spool, whole - 1);
            assert_string_equal(file_name(0), path);
            spool_forget(spool, whole);
        }
        assert_string_equal(file_name(0), aside);
        assert_string_equal(file_name(1), "");
        assert_file(aside, bytes, size);
        spool_close(spool);
        spool = opened(MIB); /* not read again */
        assert_int_equal(spool_counts(spool).torn, 0);
        assert_int_equal(spool_base(spool), 0);
        spool_close(spool);
        unlink(aside);
        bytes[at] ^= 0x10;
    }
}

static void a_folder_that_cannot_be(void **state) {
    (void)state;
    struct error error;
    char path[128];
    snprintf(path, sizeof path, "%s/no/where", folder);
    bool again;
    assert_null(spool_open(&spool_of_entries, path, MIB, 1, &again, &error));
    assert_false(again);
    assert_non_null(strstr(error.text, path));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(in_order_and_forgotten_when_they_have_arrived),
        TEST(reading_goes_on_where_writing_does),
        TEST(many_segments),
        TEST(the_bound_refuses_the_newest),
        TEST(a_new_process_finds_them),
        TEST(torn_at_every_byte),
        TEST(damaged_at_every_byte),
        TEST(damaged_while_open),
        TEST(a_long_entry),
        TEST(a_write_that_fails_leaves_nothing),
        TEST(every_errno_at_the_opening),
        TEST(any_call_of_the_opening_fails),
        TEST(every_errno_at_the_reading),
        TEST(a_segment_that_somebody_has_deleted),
        TEST(every_errno_at_the_folder),
        TEST(damage_is_set_aside),
        TEST(a_folder_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
