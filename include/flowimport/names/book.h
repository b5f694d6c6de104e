/* What addresses, exporters and interfaces are called, as files of the administrator say it, and which networks are
 * local. One line of a file is about one thing:
 *
 *   10.1.0.0/16             name=Berlin site=B customer="Example, Inc." role=office
 *   10.1.0.25               name=mail role=server
 *   exporter 192.0.2.1      name=berlin-edge-1 description="Rack 4"
 *   interface 192.0.2.1 14  name=ge-0/0/1 description="Uplink to Example ISP" speed=10G
 *   application 192.0.2.1 0d000035 name=skype
 *   vrf 192.0.2.1 7         name=customer-a
 *
 * Words are separated by blanks; a value with a blank is in double quotes, with a quote in it written twice. A '#' at
 * the beginning of a word begins a comment. The name of a prefix is that of a network, the name of an address that of a
 * host. All other words of a network or host are tags, whatever they are called. An address has the name of the
 * longest prefix with a name that holds it, and so for each tag: a network has the tags of those around it. Speeds are
 * in bits a second, with k, M, G or T. An application's number is its applicationId in hexadecimal digits.
 *
 * What devices say of themselves (names/learned.h) has the same grammar, and the word source=options or source=sflow:
 * it holds where no line without it says anything, options before sflow.
 *
 * A book never changes; it may be asked by any thread. Memory: for each prefix or address at most 52 bytes and 4 for
 * each of the tags that there are, for an exporter 32, for an interface 96, for an application or VRF 76, and each
 * different text once with 16 bytes; while it is read 64 bytes for each prefix and 8 for each of its values more. */
#ifndef FLOWIMPORT_NAMES_BOOK_H
#define FLOWIMPORT_NAMES_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "flow/layout.h"

enum {
    NAMES_LINE_MAX = 4096,           /* bytes */
    NAMES_TEXT_MAX = 127,            /* bytes of a value */
    NAMES_TAG_MAX = 24,              /* bytes of a tag's name */
    NAMES_TAGS_MAX = 16,             /* different tags */
    NAMES_PREFIXES_MAX = 2000000,    /* of all files */
    NAMES_EXPORTERS_MAX = 65536,     /* likewise */
    NAMES_INTERFACES_MAX = 1000000,  /* likewise */
    NAMES_THINGS_MAX = 1000000,      /* applications and VRFs, likewise */
    NAMES_ID_MAX = 32,               /* bytes of the number of one of these */
    NAMES_LOCAL_MAX = 256,           /* prefixes of own networks */
    NAMES_BYTES_MAX = 256 * 1048576, /* of all files */
};

/* Who says something; the lesser one holds. */
enum name_source { NAMED_BY_FILE, NAMED_BY_OPTIONS, NAMED_BY_SFLOW, NAME_SOURCES };
extern const char *const name_source_names[]; /* "file", "options", "sflow" */
/* What an exporter's numbers are of. */
enum name_kind { NAMED_INTERFACE, NAMED_APPLICATION, NAMED_VRF, NAME_KINDS };
extern const char *const name_kind_names[]; /* "interface", "application", "vrf" */

/* The number of an interface or VRF as an id. */
void name_id_number(uint32_t number, char id[NAMES_ID_MAX + 1]);

/* What is known of an address: its subjects, each a text or nothing. Tags come behind these. */
enum { NAME_HOST, NAME_NETWORK, NAME_LOCAL, NAME_TAGS };

struct name_book; /* opaque; counted */

/* Reads files, separated by commas, and own networks ("10.0.0.0/8, 2001:db8::/32"). Each may be NULL. NULL with the
 * error set, "FILE:LINE: ..." where a line is wrong. */
struct name_book *name_book_read(const char *files, const char *local, struct error *error)
    __attribute__((warn_unused_result));
/* The same of a text in memory, which errors call `path`. */
struct name_book *name_book_parse(const char *text, size_t len, const char *path, const char *local,
                                  struct error *error) __attribute__((warn_unused_result));
/* The same names, and what the file `path` says that devices say. Shares what it can with `files`, which it holds. A
 * file that is not there is empty; lines that can't be read, and all that is too much, are left out, which *ignored
 * counts. */
struct name_book *name_book_learn(struct name_book *files, const char *path, unsigned *ignored)
    __attribute__((warn_unused_result));
/* One more who uses it. Returns it. NULL is NULL. */
struct name_book *name_book_hold(struct name_book *book);
/* Frees it with its last user. NULL does nothing. */
void name_book_drop(struct name_book *book);

/* --- addresses: all of them may be asked of NULL, a book in which nothing stands --- */

/* NAME_TAGS and the tags. */
unsigned name_book_subjects(const struct name_book *book);
/* "network", "site". NULL for NAME_HOST and NAME_LOCAL, which have none. */
const char *name_book_subject(const struct name_book *book, unsigned subject);
/* The value of an address (enum flow_family; network order): 0 where it has none; NAME_LOCAL: 1 or 0. Takes a search in
 * a sorted array. */
uint32_t name_book_find(const struct name_book *book, unsigned subject, unsigned family, const uint8_t *address);
/* A value's text; "" of 0. */
const char *name_book_text(const struct name_book *book, uint32_t value);
/* The value with this text; 0: there is none, or the text is empty. */
uint32_t name_book_value(const struct name_book *book, const char *text, size_t len);
/* The values of a subject in their order, without those of no address; at most `max` of them. Returns how many. */
unsigned name_book_values(const struct name_book *book, unsigned subject, uint32_t *values, unsigned max);
/* Whether own networks are known. */
bool name_book_has_local(const struct name_book *book);

/* All addresses of a family as ranges with one value each, in their order; neighbours differ. */
struct name_range {
    uint8_t first[16]; /* up to the next range's */
    uint32_t value;
};
/* Returns how many there are; of those above `max` it is not said how many more. The first begins at 0. With `wanted`,
 * ranges say 1 where an address has one of these values, else 0. */
unsigned name_book_ranges(const struct name_book *book, unsigned subject, const uint32_t *wanted, unsigned n_wanted,
                          unsigned family, struct name_range *ranges, unsigned max);

/* The addresses of hosts or exporters of this name, at most `max`. Returns how many. */
struct name_address {
    unsigned family;
    uint8_t bytes[16];
};
unsigned name_book_hosts(const struct name_book *book, uint32_t name, struct name_address *list, unsigned max);
unsigned name_book_exporters(const struct name_book *book, uint32_t name, struct name_address *list, unsigned max);

/* --- exporters and interfaces --- */

struct name_interface {
    unsigned family; /* of the exporter's address */
    uint8_t exporter[16];
    uint32_t index;
    uint32_t name, description;                            /* values; 0: none */
    uint8_t name_source, description_source, speed_source; /* enum name_source */
    uint64_t speed;                                        /* bits a second; 0: not known */
    /* What it has itself counted of octets in one hour; counted 0: nothing is known. */
    uint32_t counted; /* when that began; seconds since 1970 */
    uint64_t in, out;
};
/* The name of an exporter, as a value; 0: none. */
uint32_t name_book_exporter(const struct name_book *book, unsigned family, const uint8_t *address);
/* NULL: nothing is known of it. */
const struct name_interface *name_book_interface(const struct name_book *book, unsigned family, const uint8_t *exporter,
                                                 uint32_t index);

/* All of them: by exporter and index. */
unsigned name_book_interface_list(const struct name_book *book, const struct name_interface **list, unsigned first,
                                  unsigned max);

/* --- applications and VRFs of exporters --- */

struct name_thing {
    uint8_t kind; /* enum name_kind */
    uint8_t family, exporter[16];
    uint8_t source;
    char id[NAMES_ID_MAX + 1]; /* hexadecimal digits, or a number */
    uint32_t name, description;
};
/* As `exporter` calls it; NULL: any, if all that name it do so alike. NULL: none, or they don't. */
const struct name_thing *name_book_thing(const struct name_book *book, enum name_kind kind, unsigned family,
                                         const uint8_t *exporter, const char *id);
/* Those of this name, at most `max`. Returns how many. */
unsigned name_book_things(const struct name_book *book, enum name_kind kind, uint32_t name,
                          const struct name_thing **list, unsigned max);
/* Their different names, in their order, at most `max`. Returns how many. */
unsigned name_book_thing_names(const struct name_book *book, enum name_kind kind, uint32_t *names, unsigned max);

/* The interfaces of this name, at most `max`. Returns how many. */
unsigned name_book_interfaces(const struct name_book *book, uint32_t name, const struct name_interface **list,
                              unsigned max);

/* The different names of exporters and of interfaces, in their order, at most `max`. Returns how many. */
unsigned name_book_exporter_names(const struct name_book *book, uint32_t *names, unsigned max);
unsigned name_book_interface_names(const struct name_book *book, uint32_t *names, unsigned max);

struct name_counts {
    unsigned prefixes, exporters, interfaces, applications, vrfs, tags;
    unsigned learned[NAME_SOURCES]; /* interfaces whose name this source says */
};
struct name_counts name_book_counts(const struct name_book *book);

#endif
