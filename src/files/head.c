/* Files of no known format, told from their first bytes. */
#include "files/head.h"

#include <ctype.h>
#include <string.h>

#include "files/foreign_impl.h"

static bool begins(const char *head, size_t len, const char *with, size_t with_len) {
    return len >= with_len && memcmp(head, with, with_len) == 0;
}

/* White space, and what stands around and between objects: commas, RFC 7464's record separators. */
static bool is_between(char c) { return isspace((unsigned char)c) || c == ',' || c == '\x1e'; }

static size_t between_skip(const char *head, size_t len) {
    size_t at = 0;
    while (at < len && is_between(head[at]))
        at++;
    return at;
}

/* An object, or a list of anything but numbers, as in "[1700000000.25] a log's line". */
static bool is_json(const char *at, size_t len) {
    while (len > 0 && *at == '[') {
        size_t skip = 1 + between_skip(at + 1, len - 1);
        at += skip;
        len -= skip;
        if (len == 0 || *at == ']') return true;
    }
    return len > 0 && *at == '{';
}

static bool is_text(const char *head, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (iscntrl((unsigned char)head[i]) && !is_between(head[i])) return false;
    return true;
}

bool head_has_entries(const char *head, size_t len) {
    static const char mark[] = "\xef\xbb\xbf";
    size_t skip = begins(head, len, mark, 3) ? 3 : 0;
    skip += between_skip(head + skip, len - skip);
    head += skip;
    len -= skip;
    if (len == 0) return true;
    if (is_json(head, len)) return foreign_names_look(head, len) != NAMES_OF_STRANGERS;
    if (begins(head, len, "END", 3) && (len == 3 || is_between(head[3]))) return true;
    if (!is_text(head, len)) return false;
    for (const char *end = head + len; (head = memchr(head, '\n', (size_t)(end - head)));) {
        head++;
        if (is_json(head, (size_t)(end - head))) return true;
    }
    return false;
}

/* By their first bytes. */
static const struct packer {
    const char *magic;
    size_t len;
    const char *name, *unpack;
} packers[] = {
    {"BZh", 3, "bzip2", "bzip2 -dc"}, {"\x04\x22\x4d\x18", 4, "lz4", "lz4 -dc"},
    {"LZIP", 4, "lzip", "lzip -dc"},  {"\x1f\x9d", 2, "compress", "gzip -dc"},
    {"PK\3\4", 4, "zip", "unzip -p"}, {"7z\xbc\xaf\x27\x1c", 6, "7-Zip", "7z x -so"},
};

int head_refuse(const char *path, const char *head, size_t len, struct error *error) {
    for (unsigned i = 0; i < sizeof packers / sizeof packers[0]; i++)
        if (begins(head, len, packers[i].magic, packers[i].len))
            return error_set(error, "%s: packed by %s: unpack it first, as in %s FILE | flowimport ... -", path,
                             packers[i].name, packers[i].unpack);
    return error_set(
        error,
        "%s: unknown format; known are pcap, pcapng, JSON, and what Zeek, Argus, nfdump, Suricata, GoFlow2, "
        "pmacct, SiLK, YAF, ipfixcol2, super_mediator, Filebeat, Logstash and the clouds of Amazon, "
        "Google and Microsoft write, each also packed by gzip, zstd or xz; --format json reads any line as an entry",
        path);
}
