/* What the readers of other tools' lines have in common: columns by name, and what they mean. */
#ifndef FLOWIMPORT_FILES_FOREIGN_IMPL_H
#define FLOWIMPORT_FILES_FOREIGN_IMPL_H

#include "base/buffer.h"
#include "files/both_ends.h"
#include "files/foreign.h"

enum {
    COLUMNS_MAX = 64,      /* of a tool's table */
    CELLS_MAX = 256,       /* of a line */
    NAMES_MAX = 4,         /* of a column */
    MARKS_MAX = 4,         /* of a tool */
    PATH_MAX_BYTES = 96,   /* of a member in nested objects; what is deeper or longer is none of ours */
    NESTED_MAX = 4,        /* objects in each other */
    SEPARATOR_GAP = '\v',  /* two spaces or more, as columns for people have them */
    FOREIGN_TEXT_MAX = 64, /* bytes of a string; the rest is left out */
};

/* What a flow is made of. Where several columns have a role the first in the table's order that has a value counts. */
enum column_role {
    ROLE_START,
    ROLE_END,
    ROLE_DURATION, /* where there is no end */
    ROLE_PROTOCOL,
    ROLE_SOURCE,
    ROLE_DESTINATION,
    ROLE_SOURCE_PORT,
    ROLE_DESTINATION_PORT,
    ROLE_ICMP_TYPE,
    ROLE_ICMP_CODE,
    ROLE_ICMP_BOTH,  /* type * 256 + code */
    ROLE_REPLY_TYPE, /* of ICMP, what the other direction has */
    ROLE_REPLY_CODE,
    ROLE_SAMPLING, /* one of so many packets was counted; 0: all of them */
    ROLE_PACKETS,
    ROLE_OCTETS,
    ROLE_REVERSE_PACKETS,
    ROLE_REVERSE_OCTETS,
    ROLE_KIND,     /* of a record: those that the tool does not list are passed over */
    ROLE_INSIDE,   /* of a tunnel: has a value where the record is of what another one has counted */
    ROLE_REPORTER, /* the end of the flow that reports it; where both do, the first alone counts */
    ROLE_NONE,     /* known by name alone */
    ROLES,
    /* An element as it is; left out where it is 0. */
    ROLE_NUMBER = ROLES,
    ROLE_ADDRESS,
    ROLE_MAC,
    ROLE_TEXT,
    ROLE_FLAGS, /* of TCP, by their letters */
    ROLE_HEX,   /* a number in hexadecimal, without 0x */
    ROLE_BITS,  /* a prefix's length, alone or behind the prefix */
};

struct column {
    const char *names[NAMES_MAX]; /* its spellings; the first is used in messages */
    enum column_role role;
    const char *element;
    const char *other;  /* the element where it is another: for the family IPv6; NULL: the same */
    const char *turned; /* the element seen from the other end; NULL: the same */
};

/* What a tool calls a protocol, or a type or code of ICMP; a list ends with one without a name. */
struct alias {
    const char *name;
    uint8_t number;
};

struct cell {
    const char *text;
    size_t len;
};

/* A line's values, by column; without text where there is none. */
struct cells {
    struct cell at[COLUMNS_MAX];
};

/* The minute of local time that was looked up last: mktime() is slow, and lines of a minute come together. */
struct local_minute {
    int64_t minute, seconds; /* as if it were UTC; since 1970 */
};

/* One tool: facts alone. */
struct foreign_tool {
    const struct column *columns; /* those of a role beside each other, up to one without names */
    const char *marks[MARKS_MAX]; /* names that only its objects have, with quotes */
    uint32_t needed;              /* roles, as bits, that a header must have */
    const char *hint;             /* how to have the tool print all of them */
    const char *counts;           /* a hint for counts */
    const char *times;            /* and for times */
    const struct alias *protocols;
    const struct alias *icmp;     /* names of types and codes that stand in place of ports; NULL: none */
    const char *const *strangers; /* protocols whose records are passed over; NULL: none */
    /* ICMP's type and code, from the two ports; NULL: the destination port has them. */
    unsigned (*icmp_port)(unsigned source, unsigned destination, bool ipv6);
    const char *const *ambiguous; /* names that it prints for several protocols, which are refused; NULL: none */
    /* Where a type of ICMP has an answer, the answer's type stands in place of the code. */
    bool icmp_answers;
    /* Takes lines that are neither header nor record: true, it was one. NULL: there are none. */
    bool (*comment)(struct foreign *foreign, const char *line, size_t len);
    const char *unset_texts[2]; /* that stand for no value; NULL: none */
    const char *report;         /* how its output for people begins, which is refused; NULL: not known */
    const char *default_header; /* of a source that has none; NULL: it must have one */
    const char *separators;     /* that a header line of names may have; "": the tool's headers are comments */
    /* Takes a line for people apart; false: it is none. NULL: there are none, or they are refused (report). */
    bool (*prose)(struct foreign *foreign, const char *line, size_t len);
    const char *frame; /* what stands before records that are quoted strings in a file; NULL: they are lines */
    /* The kinds of records that are flows; each describes all flows, so that only the first in a file counts. NULL: all
     * records are. */
    const char *const *kinds;
    bool nested; /* members of objects in objects are columns by their path, "flow.start" */
    /* Letters' case and '_' don't count in names, nor does what stands before them: "iana:". But in those that are
     * written with '=' before them. */
    bool loose;
    bool ethertypes; /* as protocols from 1536 on, whose records are passed over */
    bool least;      /* records may have no packets, but octets: then it is one packet */
    bool utc;        /* times without a zone are of UTC, not local ones */
    bool uptimes;    /* times may be since an exporter's boot, and are refused */
    bool other_ones; /* there are records without any address, which are passed over */
    bool ends_open;  /* lines may end with a separator */
};

struct foreign {
    const struct foreign_tool *tool;
    int8_t first[ROLES]; /* the first column of a role; -1: the tool has none */
    int64_t time_us;     /* of records that have none; 0: these are refused */
    /* The header. */
    bool has_header, summary; /* summary: no records until the next header */
    char separator;
    char unset[2][16]; /* texts that stand for no value */
    unsigned n_cells;
    int8_t cell_columns[CELLS_MAX]; /* by the place in a line; -1: none of ours */
    const char *missing;            /* a column that the header has not */
    bool no_times;                  /* that is the start's */
    struct buffer header;           /* its lines */
    bool skipping;                  /* what is read isn't wanted */
    /* The record. */
    struct cell record;
    struct cells cells;
    struct local_minute local;
    uint64_t passed_over;
    int8_t kind; /* of tool->kinds, the first that was read; -1: none yet */
    struct buffer entry;
    struct both_ends *both_ends; /* of a tool with reporters; NULL until one is met */
};

extern const struct foreign_tool zeek_tool, argus_tool, nfdump_tool, vpc_tool, pmacct_tool, suricata_tool, goflow2_tool,
    silk_tool, gcp_tool, azure_tool, iana_tool;

/* --- headers: foreign_header.c --- */

/* The next cell of a line, which *rest begins with; false where there is none. */
bool foreign_cell_next(struct cell *rest, char separator, struct cell *cell);
/* The column of that name, or in nested objects of that path; -1: none. */
int foreign_column_find(const struct foreign_tool *tool, const struct cell *name);
/* The separator of a line that is a header: its first name is one of the tool's, and two more; 0: it is none. */
char foreign_header_separator(const struct foreign_tool *tool, const char *line, size_t len);
/* Takes the names of a header, separated so. */
void foreign_header_read(struct foreign *foreign, const char *names, size_t len, char separator);
/* The same of a line, if it is a header. */
bool foreign_header_take(struct foreign *foreign, const char *line, size_t len);

/* The values in foreign->cells as an entry. FOREIGN_ENTRY, FOREIGN_NONE for what is passed over, or -1. */
int foreign_assemble(struct foreign *foreign, struct error *error);

/* What the names of the first objects of JSON are. */
enum foreign_names { NAMES_OTHER, NAMES_OF_ENTRIES, NAMES_LIKE_IANA, NAMES_OF_STRANGERS };
/* NAMES_OF_ENTRIES: the first object has elements as a queue entry has them; NAMES_LIKE_IANA: elements in other
 * spellings, or in an object in it; NAMES_OF_STRANGERS: it has several, and nothing of what entries have: iana.c. */
enum foreign_names foreign_names_look(const char *head, size_t len);

/* --- values: foreign_value.c. Each returns 0, or -1 where the text is none. --- */

int value_number(const struct cell *cell, uint64_t *number); /* decimal, or hexadecimal with "0x" */
int value_hex(const struct cell *cell, uint64_t *number);
int value_bits(const struct cell *cell, uint64_t *number); /* ROLE_BITS */
/* Seconds with a fraction, to the microsecond. */
int value_seconds(const struct cell *cell, int64_t *us);
/* The same of a moment: since 1970 (seconds, or whole milli-, micro- or nanoseconds, told by how many they are), or a
 * date and a time of day, in local time (UTC where `local` is NULL) unless Z or +01:00 follows. */
int value_time(const struct cell *cell, struct local_minute *local, int64_t *us);
/* The family, enum flow_family, or -1; IPv4 in the first four bytes. */
int value_address(const struct cell *cell, uint8_t address[16]);
/* Whether it is one of IPv6 that stands for one of IPv4, which it is made then. */
bool value_address_unmap(uint8_t address[16]);
int value_mac(const struct cell *cell, uint8_t octets[6]);
int value_flags(const struct cell *cell, uint64_t *flags);

/* --- lines for people: yaf.c --- */

/* The parts of a line of yafscii; without text where there is none. */
struct yaf_line {
    struct cell start, duration, protocol, type, code, source, destination, source_port, destination_port, packets,
        octets, reverse_packets, reverse_octets;
};
bool yaf_line_read(const char *text, size_t len, struct yaf_line *line);

/* --- objects of JSON: json_members.c --- */

struct json_members {
    const char *at, *end;
};
/* The members of an object one after the other: 1, 0 at its end, -1 where it is none. Strings are without their quotes
 * and as they are escaped; null is an empty value, and so are arrays and objects, of which it is where they begin. */
int json_members_next(struct json_members *members, struct cell *name, struct cell *value);

#endif
