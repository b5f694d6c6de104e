/* What is wrong with exporters, in words, and what fixes it: out of flowimportd's /status. Pure. */
#ifndef FLOWIMPORT_TOOL_DOCTOR_H
#define FLOWIMPORT_TOOL_DOCTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    DOCTOR_FINDINGS = 256,    /* more are counted alone */
    DOCTOR_SILENT_S = 600,    /* an exporter that has sent nothing for so long */
    DOCTOR_ONE_IN = 100,      /* fewer faults than one in so many messages or records are none: routers restart, too */
    DOCTOR_NAME_MAX = 80,     /* bytes of an exporter's name; longer ones are cut */
    DOCTOR_MEANING_MAX = 320, /* bytes */
};

struct doctor_finding {
    char exporter[DOCTOR_NAME_MAX]; /* empty: flowimportd itself */
    const char *kind;               /* "sampling", "clock", ...: what scripts look for */
    char meaning[DOCTOR_MEANING_MAX];
    const char *fix;
};

struct doctor {
    unsigned exporters; /* known */
    unsigned n, more;   /* findings; those for which there was no room */
    struct doctor_finding findings[DOCTOR_FINDINGS];
};

/* Examines the document; `now`: seconds. Findings about flowimportd come first, then exporter by exporter in the order
 * of what is checked. false: it is no document of a flowimportd. */
bool doctor_examine(struct doctor *doctor, const json_t *status, int64_t now) __attribute__((warn_unused_result));

#endif
