/* What is packed is the same again unpacked; what would not get smaller is left. */
#include "http/gzip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "random.h"

/* The whole of it, by zlib: one member, and nothing behind it. */
static void assert_unpacks(const struct buffer *packed, const struct buffer *plain) {
    z_stream stream = {.next_in = (z_const Bytef *)packed->data, .avail_in = (uInt)packed->len};
    struct buffer out = BUFFER_INIT;
    buffer_reserve(&out, plain->len + 1);
    stream.next_out = (Bytef *)out.data;
    stream.avail_out = (uInt)plain->len + 1;
    assert_int_equal(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, plain->len);
    assert_int_equal(stream.avail_in, 0);
    assert_memory_equal(out.data, plain->data, plain->len);
    inflateEnd(&stream);
    buffer_release(&out);
}

static void text_is_packed(void **state) {
    (void)state;
    struct buffer plain = BUFFER_INIT, packed = BUFFER_INIT;
    for (unsigned i = 0; plain.len < 3 << 20; i++) {
        buffer_printf(&plain, "{\"key\":\"192.0.2.%u\",\"octets\":%u},", i % 256, i * 7919);
        if (i % 20000 != 9) continue;
        assert_true(gzip_pack(&plain, &packed));
        assert_true(packed.len < plain.len);
        assert_unpacks(&packed, &plain);
    }
    assert_true(gzip_pack(&plain, &packed));
    assert_true(packed.len < plain.len / 4);
    assert_unpacks(&packed, &plain);
    buffer_release(&plain);
    buffer_release(&packed);
}

static void what_does_not_get_smaller(void **state) {
    (void)state;
    uint64_t random = 7;
    struct buffer plain = BUFFER_INIT, packed = BUFFER_INIT;
    assert_false(gzip_pack(&plain, &packed));
    buffer_add_text(&plain, "{}");
    assert_false(gzip_pack(&plain, &packed));
    while (plain.len < 100000) {
        uint64_t bytes = random_next(&random);
        buffer_add(&plain, &bytes, sizeof bytes);
    }
    assert_false(gzip_pack(&plain, &packed));
    assert_int_equal(packed.len, 0);
    /* The same buffer is good afterwards. */
    memset(plain.data, 'x', plain.len);
    assert_true(gzip_pack(&plain, &packed));
    assert_unpacks(&packed, &plain);
    buffer_release(&plain);
    buffer_release(&packed);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(text_is_packed), cmocka_unit_test(what_does_not_get_smaller)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
