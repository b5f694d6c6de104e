/* Lines of files, plain and packed: ends of lines, positions, resuming, identity, and files that are cut off. */
#include "files/lines.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <lzma.h>
#include <zstd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static char folder[64], path[96];

static int setup(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_lines.XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/lines", folder);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void file_write(const void *bytes, size_t len, bool packed) {
    unlink(path);
    if (packed) {
        gzFile file = gzopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(gzwrite(file, bytes, (unsigned)len), (int)len);
        assert_int_equal(gzclose(file), Z_OK);
    } else {
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, len), len);
        close(fd);
    }
}

static void file_cut(off_t by) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(truncate(path, status.st_size - by), 0);
}

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *text;
    size_t len;
    unsigned n;
    const char *lines[5];
    int64_t positions[5]; /* after each line */
} files[] = {
    {BYTES(""), 0, {NULL}, {0}},
    {BYTES("\n"), 1, {""}, {1}},
    {BYTES("one"), 1, {"one"}, {3}},
    {BYTES("one\n"), 1, {"one"}, {4}},
    {BYTES("one\ntwo"), 2, {"one", "two"}, {4, 7}},
    {BYTES("one\n\n\ntwo\n"), 4, {"one", "", "", "two"}, {4, 5, 6, 10}},
    {BYTES("one\r\ntwo\r\n\r\nthree\r"), 4, {"one", "two", "", "three"}, {5, 10, 12, 18}},
    {BYTES("a\rb\r\r\n"), 1, {"a\rb\r"}, {6}},
    {BYTES("\r"), 1, {""}, {1}},
};

static void lines_without_their_ends(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++)
        for (unsigned packed = 0; packed < 2; packed++) {
            const char *text;
            size_t len;
            struct error error = {""};
            file_write(files[i].text, files[i].len, packed);
            struct lines *lines = lines_open(path, &error);
            assert_non_null(lines);
            assert_int_equal(lines_position(lines), 0);
            for (unsigned n = 0; n < files[i].n; n++) {
                assert_int_equal(lines_next(lines, &text, &len, &error), 1);
                assert_int_equal(len, strlen(files[i].lines[n]));
                assert_memory_equal(text, files[i].lines[n], len);
                assert_int_equal(lines_position(lines), files[i].positions[n]);
            }
            assert_int_equal(lines_next(lines, &text, &len, &error), 0);
            assert_int_equal(lines_next(lines, &text, &len, &error), 0);
            assert_true(lines_progress(lines) >= 1.0);
            assert_string_equal(error.text, "");
            lines_close(lines);
        }
    lines_close(NULL);
}

/* NULs are bytes like others. */
static void lines_are_bytes(void **state) {
    (void)state;
    const char *text;
    size_t len;
    file_write(BYTES("a\0b\n\xff\n"), false);
    struct lines *lines = lines_open(path, NULL);
    assert_non_null(lines);
    assert_int_equal(lines_next(lines, &text, &len, NULL), 1);
    assert_int_equal(len, 3);
    assert_memory_equal(text, "a\0b", 3);
    assert_int_equal(lines_next(lines, &text, &len, NULL), 1);
    assert_int_equal(len, 1);
    assert_memory_equal(text, "\xff", 1);
    lines_close(lines);
}

enum { MANY = 100000 };

/* "line 0\n" … : more than is read at a time. */
static char *many_lines(size_t *len) {
    char *text = malloc(MANY * 16), *at = text;
    assert_non_null(text);
    for (unsigned i = 0; i < MANY; i++)
        at += sprintf(at, "line %u\n", i);
    *len = (size_t)(at - text);
    return text;
}

static void from_the_first_line_again(void **state) {
    (void)state;
    size_t bytes, len;
    const char *text;
    char *all = many_lines(&bytes), wanted[32], identity[2][33];
    for (unsigned packed = 0; packed < 2; packed++) {
        file_write(all, bytes, packed);
        struct error error = {""};
        struct lines *lines = lines_open(path, &error);
        assert_non_null(lines);
        assert_int_equal(lines_identity(lines, identity[packed], &error), 0);
        for (unsigned i = 0; i < MANY; i++) {
            assert_int_equal(lines_next(lines, &text, &len, &error), 1);
            sprintf(wanted, "line %u", i);
            assert_int_equal(len, strlen(wanted));
            assert_memory_equal(text, wanted, len);
        }
        assert_int_equal(lines_next(lines, &text, &len, &error), 0);
        assert_int_equal(lines_position(lines), bytes);
        for (unsigned i = 0; i < 2; i++) { /* from the end, and from the middle of what was read */
            assert_int_equal(lines_rewind(lines, &error), 0);
            assert_int_equal(lines_position(lines), 0);
            assert_int_equal(lines_next(lines, &text, &len, &error), 1);
            assert_int_equal(len, 6);
            assert_memory_equal(text, "line 0", 6);
            assert_int_equal(lines_position(lines), 7);
        }
        lines_close(lines);
    }
    assert_string_equal(identity[0], identity[1]);
    assert_int_equal(strspn(identity[0], "0123456789abcdef"), 32);
    /* One byte less is another file. */
    file_write(all, bytes - 1, false);
    struct lines *lines = lines_open(path, NULL);
    assert_int_equal(lines_identity(lines, identity[1], NULL), 0);
    assert_string_not_equal(identity[0], identity[1]);
    lines_close(lines);
    free(all);
}

/* The hash is XXH3-128 of the contents, whatever machine or version: these are its published values for no input and
 * what it has been here ever since. */
static void identities_stay(void **state) {
    (void)state;
    static const struct {
        const char *text, *identity;
    } known[] = {{"", "99aa06d3014798d86001c324468d497f"}, {"one\n", "06567c16a1de182538d12e73f626d650"}};
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
        char identity[33];
        file_write(known[i].text, strlen(known[i].text), false);
        struct lines *lines = lines_open(path, NULL);
        assert_int_equal(lines_identity(lines, identity, NULL), 0);
        assert_string_equal(identity, known[i].identity);
        lines_close(lines);
    }
}

/* Two members, as from `cat a.gz b.gz`. */
static void gzip_members_follow_each_other(void **state) {
    (void)state;
    const char *text;
    size_t len;
    file_write(BYTES("one\ntw"), true);
    gzFile file = gzopen(path, "ab");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, "o\n", 2), 2);
    assert_int_equal(gzclose(file), Z_OK);
    struct lines *lines = lines_open(path, NULL);
    assert_int_equal(lines_next(lines, &text, &len, NULL), 1);
    assert_int_equal(lines_next(lines, &text, &len, NULL), 1);
    assert_int_equal(len, 3);
    assert_memory_equal(text, "two", 3);
    assert_int_equal(lines_next(lines, &text, &len, NULL), 0);
    lines_close(lines);
}

/* Whole lines come out; then the file is said to be cut off, and where. */
static void a_truncated_gzip_is_an_error(void **state) {
    (void)state;
    size_t bytes, len;
    const char *text;
    char *all = many_lines(&bytes), identity[33], wanted[256];
    static const off_t cuts[] = {1, 8, 1000, 100000};
    for (unsigned i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct error error = {""};
        unsigned n = 0;
        int status;
        file_write(all, bytes, true);
        file_cut(cuts[i]);
        struct lines *lines = lines_open(path, &error);
        assert_non_null(lines);
        while ((status = lines_next(lines, &text, &len, &error)) == 1)
            n++;
        assert_int_equal(status, -1);
        long long where = 0; /* behind the last whole line, within the one that is cut off */
        snprintf(wanted, sizeof wanted, "%s: at byte ", path);
        assert_memory_equal(error.text, wanted, strlen(wanted));
        assert_int_equal(sscanf(error.text + strlen(wanted), "%lld", &where), 1);
        assert_in_range(where, lines_position(lines), lines_position(lines) + 100);
        snprintf(wanted, sizeof wanted, "%s: at byte %lld of its contents: unexpected end of file", path, where);
        assert_string_equal(error.text, wanted);
        assert_in_range(n, cuts[i] < 1000 ? MANY - 30000 : 1, MANY);
        lines_close(lines);
        lines = lines_open(path, &error);
        assert_int_equal(lines_identity(lines, identity, &error), -1);
        lines_close(lines);
    }
    free(all);
}

static void a_damaged_gzip_is_an_error(void **state) {
    (void)state;
    size_t bytes, len;
    const char *text;
    char *all = many_lines(&bytes), junk[64];
    struct error error = {""};
    int status;
    file_write(all, bytes, true);
    memset(junk, 0xa5, sizeof junk);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 50000), sizeof junk);
    close(fd);
    struct lines *lines = lines_open(path, &error);
    while ((status = lines_next(lines, &text, &len, &error)) == 1)
        continue;
    assert_int_equal(status, -1);
    assert_memory_equal(error.text, path, strlen(path));
    lines_close(lines);
    free(all);
}

/* Streams follow each other, with zeros between them and something else behind; where the file ends too early it is
 * said. */
static void xz_is_unpacked_too(void **state) {
    (void)state;
    size_t bytes, len, room = 1 << 20, end = 0;
    const char *text;
    char *all = many_lines(&bytes), *packed = calloc(2, room), identity[2][33], wanted[256];
    struct error error = {""};
    unsigned n;
    assert_non_null(packed);
    for (unsigned half = 0; half < 2; half++) {
        const uint8_t *from = (const uint8_t *)all + half * (bytes / 2);
        size_t size = half ? bytes - bytes / 2 : bytes / 2;
        assert_int_equal(
            lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, from, size, (uint8_t *)packed, &end, 2 * room), LZMA_OK);
        end += half ? 0 : 8;
    }
    memcpy(packed + end, "behind", 6);
    for (unsigned i = 0; i < 3; i++) { /* plain, packed, with something behind */
        file_write(i ? packed : all, i == 0 ? bytes : i == 1 ? end : end + 6, false);
        struct lines *lines = lines_open(path, &error);
        assert_int_equal(lines_identity(lines, identity[i > 0], &error), 0);
        for (n = 0; lines_next(lines, &text, &len, &error) == 1; n++)
            continue;
        assert_int_equal(n, MANY);
        assert_string_equal(error.text, "");
        assert_string_equal(identity[0], identity[i > 0]);
        lines_close(lines);
    }
    file_cut(6 + 1);
    struct lines *lines = lines_open(path, &error);
    for (n = 0; lines_next(lines, &text, &len, &error) == 1; n++)
        continue;
    assert_int_equal(n, MANY);
    snprintf(wanted, sizeof wanted, "%s: at byte %zu of its contents: unexpected end of file", path, bytes);
    assert_string_equal(error.text, wanted);
    lines_close(lines);
    packed[200] ^= 1;
    file_write(packed, end, false);
    lines = lines_open(path, &error);
    while (lines_next(lines, &text, &len, &error) == 1)
        continue;
    assert_non_null(strstr(error.text, " of its contents: damaged: not what xz has packed"));
    lines_close(lines);
    free(packed);
    free(all);
}

/* Frames follow each other, as from `cat a.zst b.zst`; where the file ends too early it is said. */
static void zstd_is_unpacked_too(void **state) {
    (void)state;
    size_t bytes, len, room = 1 << 20;
    const char *text;
    char *all = many_lines(&bytes), *frames = malloc(2 * room), identity[2][33], wanted[256];
    struct error error = {""};
    unsigned n = 0;
    assert_non_null(frames);
    size_t first = ZSTD_compress(frames, room, all, bytes / 2, 1);
    size_t second = ZSTD_compress(frames + first, room, all + bytes / 2, bytes - bytes / 2, 1);
    assert_false(ZSTD_isError(first) || ZSTD_isError(second));
    for (unsigned packed = 0; packed < 2; packed++) {
        file_write(packed ? frames : all, packed ? first + second : bytes, false);
        struct lines *lines = lines_open(path, &error);
        assert_int_equal(lines_identity(lines, identity[packed], &error), 0);
        for (n = 0; lines_next(lines, &text, &len, &error) == 1; n++)
            continue;
        assert_int_equal(n, MANY);
        assert_string_equal(error.text, "");
        lines_close(lines);
    }
    assert_string_equal(identity[0], identity[1]);
    file_cut(1);
    struct lines *lines = lines_open(path, &error);
    while (lines_next(lines, &text, &len, &error) == 1)
        continue;
    long long where = 0; /* behind the last whole block: of the first frame, at the least */
    assert_int_equal(sscanf(error.text + strlen(path), ": at byte %lld", &where), 1);
    assert_in_range(where, bytes / 2, bytes - 1);
    snprintf(wanted, sizeof wanted, "%s: at byte %lld of its contents: unexpected end of file", path, where);
    assert_string_equal(error.text, wanted);
    lines_close(lines);
    free(frames);
    free(all);
}

/* Of a line of more than 1 MiB the head is returned, and its length; the next one follows. */
static void long_lines(void **state) {
    (void)state;
    static const size_t lengths[] = {1 << 18,       (1 << 18) - 1, (1 << 20) - 1, 1 << 20,
                                     (1 << 20) + 1, (1 << 20) + 2, 3 << 18 << 1,  (5 << 18) - 5,
                                     (5 << 18) - 6, (5 << 18) - 4, 50 << 20};
    static const char *const ends[] = {"\n", "\r\n"};
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (unsigned e = 0; e < 2; e++) {
            struct error error = {""};
            const char *text;
            size_t len, end = strlen(ends[e]), n = lengths[i];
            char *all = malloc(n + 8);
            assert_non_null(all);
            memcpy(all, "one\n", 4);
            for (size_t at = 0; at < n; at++)
                all[4 + at] = (char)('a' + at % 23);
            memcpy(all + 4 + n, ends[e], end);
            all[4 + n + end] = 'z';
            file_write(all, n + end + 5, false);
            struct lines *lines = lines_open(path, &error);
            assert_int_equal(lines_next(lines, &text, &len, &error), 1);
            assert_int_equal(lines_next(lines, &text, &len, &error), 1);
            assert_int_equal(len, n);
            assert_memory_equal(text, all + 4, n > LINE_MAX_BYTES ? ENTRY_HEAD_BYTES : n);
            assert_int_equal(lines_position(lines), 4 + n + end);
            assert_int_equal(lines_next(lines, &text, &len, &error), 1);
            assert_int_equal(len, 1);
            assert_memory_equal(text, "z", 1);
            assert_int_equal(lines_next(lines, &text, &len, &error), 0);
            lines_close(lines);
            file_write(all, n + 4, false); /* without its end */
            lines = lines_open(path, &error);
            assert_int_equal(lines_next(lines, &text, &len, &error), 1);
            assert_int_equal(lines_next(lines, &text, &len, &error), 1);
            assert_int_equal(len, n);
            assert_int_equal(lines_next(lines, &text, &len, &error), 0);
            assert_int_equal(lines_position(lines), 4 + n);
            lines_close(lines);
            free(all);
        }
}

static void files_that_are_none(void **state) {
    (void)state;
    struct error error = {""};
    char wanted[256];
    assert_null(lines_open(path, &error));
    snprintf(wanted, sizeof wanted, "%s: No such file or directory", path);
    assert_string_equal(error.text, wanted);
    assert_null(lines_open(folder, &error));
    snprintf(wanted, sizeof wanted, "%s: not a regular file; pipe it into '-'", folder);
    assert_string_equal(error.text, wanted);
}

static void standard_input_is_a_file_too(void **state) {
    (void)state;
    int ends[2], kept = dup(STDIN_FILENO);
    const char *text;
    size_t len;
    char identity[33];
    struct error error = {""};
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "one\ntwo\n", 8), 8);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    struct lines *lines = lines_open("-", &error);
    dup2(kept, STDIN_FILENO);
    close(kept);
    assert_non_null(lines);
    assert_int_equal(lines_identity(lines, identity, &error), 0);
    assert_int_equal(lines_next(lines, &text, &len, &error), 1);
    assert_int_equal(lines_rewind(lines, &error), 0);
    assert_int_equal(lines_next(lines, &text, &len, &error), 1);
    assert_memory_equal(text, "one", 3);
    assert_int_equal(lines_next(lines, &text, &len, &error), 1);
    assert_memory_equal(text, "two", 3);
    assert_int_equal(lines_next(lines, &text, &len, &error), 0);
    lines_close(lines);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(lines_without_their_ends),
        test(lines_are_bytes),
        test(from_the_first_line_again),
        test(identities_stay),
        test(gzip_members_follow_each_other),
        test(a_truncated_gzip_is_an_error),
        test(a_damaged_gzip_is_an_error),
        test(zstd_is_unpacked_too),
        test(xz_is_unpacked_too),
        test(long_lines),
        cmocka_unit_test_setup_teardown(files_that_are_none, setup, teardown),
        test(standard_input_is_a_file_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
