/* Heads of files: which are of queue entries, and what is said of the others. */
#include "files/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEAD(text) text, sizeof(text) - 1

static void entries(void **state) {
    (void)state;
    static const struct {
        const char *head;
        size_t len;
    } heads[] = {
        {HEAD("")},
        {HEAD(" \r\n\n")},
        {HEAD("{\"a\":1}\n")},
        {HEAD("\xef\xbb\xbf{")},
        {HEAD("\x1e{\"a\":1}\n")},
        {HEAD("\n  {\n")},
        {HEAD("[")},
        {HEAD("[\n  {\"a\":1}")},
        {HEAD("[[{")},
        {HEAD("[]")},
        {HEAD(",{\"a\":1}")},
        {HEAD("END")},
        {HEAD("END\n{\"a\":1}\n")},
        {HEAD("23,\"b\":2}\n{\"a\":1}\n")}, /* the first line was cut off */
        {HEAD("{\"a\":1,\"b\":2,\"c\":3,\"octetDeltaCount\":1}\n")},
        {HEAD("{\"a\":1,\"b\":2,\"c\":3,\"revOctetDeltaCount\":1}\n")},
        {HEAD("{\"lost\":1,\"what\":\"flows\",\"source\":\"x\",\"start\":1,\"end\":1}\n")},
        {HEAD("{\"a\":\"\0\"}\n")}, /* refused when it is read, with its place */
    };
    for (unsigned i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (!head_has_entries(heads[i].head, heads[i].len)) fail_msg("%s", heads[i].head);
}

static void refused(const char *head, size_t len, const char *why) {
    struct error error = {""};
    if (head_has_entries(head, len)) fail_msg("%s", head);
    assert_int_equal(head_refuse("f", head, len, &error), -1);
    assert_memory_equal(error.text, why, strlen(why));
}

static void others(void **state) {
    (void)state;
    static const char unknown[] = "f: unknown format; known are pcap, pcapng, JSON, and what Zeek, Argus, nfdump, "
                                  "Suricata, GoFlow2, pmacct, SiLK, "
                                  "YAF, ipfixcol2, super_mediator, Filebeat, Logstash and the clouds of Amazon, Google "
                                  "and Microsoft write, each also "
                                  "packed by gzip, zstd or xz; --format json reads any line as an entry";
    refused(HEAD("\x7f"
                 "ELF\2\1\1\0"),
            unknown);
    refused(HEAD("\x7f"
                 "ELF\n{\"a\":1}\n"),
            unknown); /* binary: braces by chance */
    refused(HEAD("[1699999999.123456]\t[DESTROY] tcp 6\n"), unknown);
    refused(HEAD("Flow ID,Src IP\n1,2\n"), unknown);
    refused(HEAD("ENDS\n"), unknown);
    /* JSON without anything that an entry has. */
    refused(HEAD("{\"a\":1,\"b\":{\"x\":1},\"c\":\"octetDeltaCount\"}\n"), unknown);
    refused(HEAD("[{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\",\"logEvents\":[{\"message\":\"2 1 eni-1\"}]}]"),
            unknown);
    refused(HEAD("\"{\"\n"), unknown);
    refused(HEAD("BZh91AY&SY"), "f: packed by bzip2: unpack it first, as in bzip2 -dc FILE | flowimport ... -");
    refused(HEAD("\x04\x22\x4d\x18"), "f: packed by lz4: ");
    refused(HEAD("PK\3\4"), "f: packed by zip: unpack it first, as in unzip -p FILE | flowimport ... -");
    refused(HEAD("LZIP"), "f: packed by lzip: ");
    refused(HEAD("\x1f\x9d\x90"), "f: packed by compress: unpack it first, as in gzip -dc FILE | flowimport ... -");
    refused(HEAD("7z\xbc\xaf\x27\x1c"), "f: packed by 7-Zip: ");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(entries), cmocka_unit_test(others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
