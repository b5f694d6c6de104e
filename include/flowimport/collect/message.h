/* Export messages in, flows out: NetFlow v5, v7 and v9 (RFC 3954), IPFIX (RFC 7011) and sFlow v5, told from their first
 * bytes. The Collecting Process without its sockets: no I/O, the time is handed in.
 *
 * A Transport Session is (transport, exporter's address and port); with it, for each observation domain (source id;
 * sFlow: agent and sub-agent; NetFlow v5: engine) templates, sampling rates, sequence numbers. All of it is held in
 * `memory`; what a stranger sends can take nobody else's place (collect/admission.h has the shares):
 *   - newcomers (sessions heard of for less than a minute) share a quarter of the memory, the longest silent gives way;
 * the others give way only after `template_lifetime` of silence;
 *   - a domain has at most TEMPLATES_MAX templates, each of up to DATA_RECORD_FIELDS_MAX fields; a session has at most
 * a sixteenth of the memory.
 *
 * Over UDP a domain that has no template of its own is read by the newest one of the same address, protocol and id at
 * another port (collect/template.h says why).
 *
 * Data sets that come before their template are held for `hold_us`, in their session's memory; then they are lost.
 *
 * Sequence numbers: a gap is loss, unless what is missing comes within LOST_WAIT_US, or it is more than the time since
 * the last message allows; that, and a number that goes back, is a restart of the exporter, and no loss
 * (collect/sequence.h). */
#ifndef FLOWIMPORT_COLLECT_MESSAGE_H
#define FLOWIMPORT_COLLECT_MESSAGE_H

#include "base/show.h"
#include "flow/lost.h"
#include "collect/data_record.h"
#include "collect/interfaces.h"
#include "collect/prefixes.h"
#include "names/learned.h"
#include "packet/packet.h"

enum {
    TEMPLATES_MAX = 1024,
    LOST_WAIT_US = 10 * 1000000, /* so long a late message may make up for a gap, and so often loss is told */
    MESSAGE_MAX = 65535,
};

enum message_transport { MESSAGE_UDP, MESSAGE_TCP };

/* Where a message comes from. */
struct message_source {
    uint8_t transport; /* enum message_transport */
    uint8_t family;    /* enum flow_family */
    uint16_t port;
    uint8_t address[16]; /* IPv4: the first 4 bytes. IPv4 in IPv6 (::ffff:0:0/96) is IPv4 */
    uint64_t connection; /* TCP: a number of its own; else 0 */
};

/* What comes out; `flows` NULL: entries are wanted. Where flows are, records that can't be counted are handed on as
 * entries, which the importer refuses and keeps. Neither may call the decoder. */
struct message_sink {
    void *context;
    void (*entry)(void *context, const char *text, size_t len);
    void (*flows)(void *context, const struct flow_record *flows, unsigned n); /* 1 or 2 */
    void (*lost)(void *context, const struct lost *lost);
};

struct message_config {
    const struct flow_layout *layout; /* as of data_record_plan_new() */
    size_t memory;                    /* bytes; at least 1 MiB */
    int64_t template_lifetime_us;     /* of templates of UDP that are not sent again */
    int64_t hold_us;
    int64_t max_skew_us;    /* a clock of an exporter that differs by more is taken for wrong: its times are moved
                             by the difference, and it is said. 0: every clock is believed */
    int64_t deduplicate_us; /* a flow (by its five-tuple) that was reported elsewhere (collect/duplicate.h) within this
                               time is left out;
                               0: none */
    int64_t longest_us;     /* no flow is longer: what is, is clipped, or where it has totals refused by the importer;
                               0: any may be */
    enum data_record_ends ends;
    bool count_denied;               /* connections that a firewall has denied are flows, too */
    struct packet_options packet;    /* of packets' headers, in sFlow and in packet sections: tunnels taken apart */
    const struct prefixes *allow;    /* exporters that are listened to; NULL: all */
    const struct prefixes *sampling; /* rates that count, whatever an exporter says; NULL: none */
    struct learned *learned;         /* takes what exporters call things; NULL: nobody wants to know */
    uint64_t seed;                   /* of hashes: any number that strangers don't know */
};

struct message_decoder; /* opaque; used by one thread */

/* The configuration's texts and lists are borrowed. */
struct message_decoder *message_decoder_new(const struct message_config *config, const struct message_sink *sink);
void message_decoder_free(struct message_decoder *decoder); /* NULL does nothing */
/* One datagram, or one IPFIX message of a TCP connection. What is wrong with it is counted, and said in the log
 * (base/log.h collapses repeats). 0; -1 where the bytes are no message of any kind: a TCP connection is to be closed
 * then. */
int message_decode(struct message_decoder *decoder, const struct message_source *source, const uint8_t *bytes,
                   size_t len, int64_t now_us) __attribute__((warn_unused_result));
/* A TCP connection is over: its templates are, too. */
void message_over(struct message_decoder *decoder, const struct message_source *source);
/* About once a second: tells what is lost, drops what has waited too long or is too old. */
void message_tick(struct message_decoder *decoder, int64_t now_us);
/* Tells all loss that is not yet told; data sets that still wait are lost. */
void message_end(struct message_decoder *decoder, int64_t now_us);

/* Templates and sampling rates of all UDP sessions, for the next start; behind message_end() their sequence numbers,
 * too, so that what is sent in between is known to be lost. The text of a file; its first line names its version. */
void message_state_write(const struct message_decoder *decoder, struct buffer *out);
/* 0, or -1 with the error set, and nothing taken: the file is damaged, or of another version. Templates too old at
 * now_us are left out. */
int message_state_read(struct message_decoder *decoder, const char *text, size_t len, int64_t now_us,
                       struct error *error) __attribute__((warn_unused_result));
/* Changes with every template and every sampling rate, with message_end(), and with the first tick after a state was
 * read, whose sequence numbers are old then: whether the state is worth writing again. */
uint64_t message_state_version(const struct message_decoder *decoder);

/* Why a record is no flow, beside options and what sFlow has besides samples of IP. */
enum ignored {
    IGNORED_EMPTY,
    IGNORED_UNCOUNTED,
    IGNORED_NOT_IP,         /* bytes of a packet (collect/section.h) that hold no IP */
    IGNORED_COUNTED_BEFORE, /* totals (collect/totals.h), and this and the next two of firewalls (collect/nsel.h) */
    IGNORED_CREATED,
    IGNORED_DENIED,
    IGNORED_REASONS
};

/* Why sFlow agents have discarded packets (collect/discard.h). */
enum { DISCARD_OTHER = 53, DISCARD_REASONS = DISCARD_OTHER + 1 };

/* What was wrong with the times of flows that were handed on; bits of enum times_noted (collect/flow_times.h). */
enum times_reason { REASON_UNSET, REASON_FIXED, REASON_CLIPPED, TIMES_REASONS };

/* What is wrong with an exporter, so that its operator has to look (flowimport doctor). */
enum exporter_fault {
    FAULT_UNSCALED,    /* data sets whose records are sampled, and nobody knows the rate */
    FAULT_UNTEMPLATED, /* data sets whose template did not come in time */
    FAULT_MALFORMED,   /* messages and sets that break their format */
    FAULT_BOTH_ENDS, /* data sets (sFlow: samples; NetFlow v5 and v7: of one in 16 flows, flows) that are reported where
                        they come in and where they go out; not counted where `deduplicate` counts them once */
    FAULT_TIMES,     /* flows, by enum times_reason */
    EXPORTER_FAULTS = FAULT_TIMES + TIMES_REASONS
};

struct message_counters {
    uint64_t messages, octets; /* taken */
    uint64_t refused;          /* not on the list of exporters */
    uint64_t malformed;        /* messages or sets that break their format */
    uint64_t unknown_version;
    uint64_t flows;                      /* handed on; a biflow is one entry, but two flows */
    uint64_t scaled;                     /* of these, multiplied by a sampling rate */
    uint64_t duplicates;                 /* flows left out: another exporter had reported them */
    uint64_t not_counted;                /* records of sFlow counters, options, and samples that hold no IP */
    uint64_t ignored[IGNORED_REASONS];   /* of not_counted, by reason */
    uint64_t times[TIMES_REASONS];       /* flows whose times were wrong, by reason */
    uint64_t discarded[DISCARD_REASONS]; /* packets that sFlow agents report as discarded */
    uint64_t lost[LOST_WHATS];
    uint64_t templates, withdrawn, evicted; /* learned, withdrawn by their exporter, discarded for lack of memory */
    uint64_t plans;                         /* made of templates, each when the first data set needed it */
    uint64_t sessions, held;                /* known now, of all domains; data sets that wait now */
    uint64_t wrong_clocks;                  /* domains whose clock is taken for wrong, now */
    size_t memory;                          /* bytes in use */
};
/* An interface as sFlow's counter samples describe it, while it is remembered; NULL: it is not known. */
const struct interface *message_interface(const struct message_decoder *decoder, uint8_t family,
                                          const uint8_t address[16], uint32_t index);
const struct message_counters *message_counters(const struct message_decoder *decoder);

/* What is shown of a decoder, as it was at one moment: taken by its thread, in a fraction of a millisecond, shown by
 * any. More exporters than these are not shown by themselves: their names are labels of time series, and strangers can
 * make some up. */
enum { REPORT_EXPORTERS = 256, REPORT_TEMPLATES = 64, REPORT_INTERFACES = 256 };
struct message_report { /* of which the one that takes it has zeroed it first */
    struct message_counters counters;
    struct buffer problems; /* a line for each exporter about which something is wrong again and again, at most 20 */
    unsigned n_exporters;
    struct exporter_line { /* of one or more observation domains of the same name */
        char name[LOST_SOURCE_MAX];
        uint64_t messages, records, lost, heard; /* heard: seconds since 1970 */
        uint64_t faults[EXPORTER_FAULTS];
        uint64_t clock;            /* seconds by which its clock is wrong; 0: it is right */
    } exporters[REPORT_EXPORTERS]; /* by name */
    unsigned n_templates;
    struct template_line { /* whose records can't be counted */
        char name[256];    /* "192.0.2.1/0 template 256: no octets and no packets" */
        uint64_t records;
    } templates[REPORT_TEMPLATES]; /* by name */
    unsigned n_interfaces;
    struct interface interfaces[REPORT_INTERFACES]; /* of sFlow agents, by address and index */
};
void message_report_take(const struct message_decoder *decoder, struct message_report *report);
void message_report_release(struct message_report *report);
void message_report_show(const struct message_report *report, struct show *show); /* module "collector" */

#endif
