/* What flows are filtered and grouped by: the words for it, and which fields of a flow stand behind each. */
#ifndef FLOWIMPORT_STORE_QUERY_DIMENSION_H
#define FLOWIMPORT_STORE_QUERY_DIMENSION_H

#include "base/buffer.h"
#include "names/book.h"
#include "store/schema.h"

enum dimension_form {
    DIMENSION_ADDRESS,
    DIMENSION_PORT,
    DIMENSION_PROTOCOL,
    DIMENSION_CLASS,  /* of protocols */
    DIMENSION_FAMILY, /* 4 or 6 */
    DIMENSION_NUMBER,
    DIMENSION_TEXT,      /* and whatever else has an order of bytes alone */
    DIMENSION_PREFIX,    /* the first bits of an address */
    DIMENSION_NAME,      /* what a book of names says of an address: its network, a tag */
    DIMENSION_DIRECTION, /* by the own networks: enum dimension_direction */
    DIMENSION_SERVICE,   /* the one of both ports that is the service's (flow/service.h) */
};
enum dimension_direction { DIRECTION_IN, DIRECTION_OUT, DIRECTION_INTERNAL, DIRECTION_TRANSIT, DIRECTIONS };
extern const char *const dimension_direction_names[]; /* "in", "out", ... */
/* What a key is besides its form: things that have names of their own. */
enum dimension_role { ROLE_NONE, ROLE_EXPORTER, ROLE_INTERFACE, ROLE_APPLICATION, ROLE_VRF, ROLE_AS };
extern const char *const dimension_form_names[]; /* "address", "port", ... */

/* The ends of a flow. */
enum side { SIDE_SOURCE, SIDE_DESTINATION, SIDES };

struct dimension {
    const char *name;  /* "src", or a configured key's element name; the layout's */
    const char *title; /* "Source address" */
    enum dimension_form form;
    enum dimension_role role;
    bool is_either;                        /* host, port, site: a flow has two of them */
    bool can_filter;                       /* not real numbers, which are equal by chance alone */
    bool in_flows;                         /* the flows tables have it; else the index tables alone */
    bool in_index;                         /* an address or port that the index tables have */
    enum side side;                        /* whose, where it is not either's */
    const struct flow_field *field[SIDES]; /* the same twice but for either's, direction and service; NULL: family */
    uint8_t bits[FLOW_FAMILIES];           /* of a prefix */
    const struct name_book *book;          /* of a name or direction */
    unsigned subject;                      /* of a name: which of the book's */
    char own_name[NAMES_TAG_MAX + 8], own_title[NAMES_TAG_MAX + 16]; /* of a name */
};

enum {
    DIMENSIONS_FIXED = 9,
    DIMENSIONS_SERVICE = 1,
    DIMENSIONS_PREFIXES = 6,
    /* network and each tag, at either end and at each; direction */
    DIMENSIONS_NAMES = 3 * (1 + NAMES_TAGS_MAX) + 1,
    DIMENSIONS_MAX = DIMENSIONS_FIXED + DIMENSIONS_SERVICE + DIMENSIONS_PREFIXES + DIMENSIONS_NAMES + FLOW_KEYS_MAX,
};

struct dimensions { /* not to be copied: names point into it */
    unsigned n;
    const struct name_book *book;
    const struct flow_layout *layout;
    struct dimension list[DIMENSIONS_MAX];
};

/* Those that tables of this layout and these names (NULL: none) can answer for. Both are borrowed. */
void dimensions_init(struct dimensions *dimensions, const struct flow_layout *layout, const struct name_book *book);
/* By its name, or by the element's that a configured key has. NULL: there is none. */
const struct dimension *dimension_find(const struct dimensions *dimensions, const char *name, size_t len);
/* "src, dst, host": the names. */
void dimensions_show(const struct dimensions *dimensions, struct buffer *out);

/* Whether its values of one family are others than those of the other. */
bool dimension_is_by_family(const struct dimension *dimension);
/* Whether its values' text is a number, without anything that would have to be quoted. */
bool dimension_is_number(const struct dimension *dimension);
/* Whether its values are the addresses of ends of flows: where there is none, the lower 32 bits of SCHEMA_NO_ADDRESS,
 * which are an address that nobody can have (255.255.255.254). */
bool dimension_is_end(const struct dimension *dimension, enum flow_family family);
bool dimension_is_no_address(const struct dimension *dimension, enum flow_family family, const uint8_t *packed);
/* Whether its values are worked out of other columns: it has no column of its own. */
bool dimension_is_derived(const struct dimension *dimension);
/* How its values are packed, `type` and `width` of a key's column: as in the layout; one byte of class (enum
 * proto_class), family (enum flow_family) and direction, four of a name (the book's value). */
struct key_column dimension_key(const struct dimension *dimension, enum flow_family family);
/* The value as a filter takes it: "192.0.2.7", "443", "6", "tcp", "192.0.2.0/24". */
void dimension_text(const struct dimension *dimension, enum flow_family family, const uint8_t *packed,
                    struct buffer *out);
/* What the system calls the protocol, or the port's service with that protocol (0: tcp, else udp). NULL: nothing, as
 * for values that are neither. */
const char *dimension_name(const struct dimension *dimension, const uint8_t *packed, uint8_t protocol);

#endif
