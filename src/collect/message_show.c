/* A report's counters, and its exporters one by one. */
#include "collect/message.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "collect/discard.h"

static void exporters_show(const struct message_report *report, struct show *show) {
    static const struct {
        enum show_type type;
        const char *name, *help;
        size_t offset;
    } families[] = {
        {SHOW_COUNTER, "exporter_messages_total",
         "Messages accepted, by exporter and observation domain: the first 256.",
         offsetof(struct exporter_line, messages)},
        {SHOW_COUNTER, "exporter_records_total", "Flow records in these messages.",
         offsetof(struct exporter_line, records)},
        {SHOW_COUNTER, "exporter_lost_total", "Known losses of the exporter: flows, messages and data sets.",
         offsetof(struct exporter_line, lost)},
        {SHOW_GAUGE, "exporter_heard_timestamp_seconds", "When the exporter last sent a message.",
         offsetof(struct exporter_line, heard)},
    };
    for (unsigned i = 0; i < sizeof families / sizeof families[0]; i++) {
        show_family(show, families[i].type, families[i].name, "exporter", families[i].help);
        for (unsigned line = 0; line < report->n_exporters; line++) {
            uint64_t value;
            memcpy(&value, (const char *)&report->exporters[line] + families[i].offset, sizeof value);
            show_member(show, report->exporters[line].name, value);
        }
    }
}

/* Of exporters that have the fault. */
static void faults_show(const struct message_report *report, struct show *show) {
    static const struct {
        enum show_type type;
        const char *name, *help;
        size_t offset;
    } families[] = {
#define FAULT(fault) offsetof(struct exporter_line, faults) + (fault) * sizeof(uint64_t)
        {SHOW_COUNTER, "exporter_unscaled_sets_total", "Data sets of sampled flows whose sampling rate is not known.",
         FAULT(FAULT_UNSCALED)},
        {SHOW_COUNTER, "exporter_untemplated_sets_total", "Data sets whose template did not arrive in time.",
         FAULT(FAULT_UNTEMPLATED)},
        {SHOW_COUNTER, "exporter_malformed_total", "Malformed messages and sets.", FAULT(FAULT_MALFORMED)},
        {SHOW_COUNTER, "exporter_both_ends_total",
         "Data sets (sFlow: samples) of flows that are reported at ingress and at egress, without deduplicate.",
         FAULT(FAULT_BOTH_ENDS)},
        {SHOW_COUNTER, "exporter_times_unset_total", "Flows whose times were 0.",
         FAULT((unsigned)FAULT_TIMES + REASON_UNSET)},
        {SHOW_COUNTER, "exporter_times_fixed_total",
         "Flows that ended beyond the exporter's uptime, or before their start.",
         FAULT((unsigned)FAULT_TIMES + REASON_FIXED)},
        {SHOW_COUNTER, "exporter_times_clipped_total", "Flows longer than max_flow_duration.",
         FAULT((unsigned)FAULT_TIMES + REASON_CLIPPED)},
#undef FAULT
        {SHOW_GAUGE, "exporter_clock_wrong_seconds", "How far the exporter's clock is wrong.",
         offsetof(struct exporter_line, clock)},
    };
    for (unsigned i = 0; i < sizeof families / sizeof families[0]; i++) {
        show_family(show, families[i].type, families[i].name, "exporter", families[i].help);
        for (unsigned line = 0; line < report->n_exporters; line++) {
            uint64_t value;
            memcpy(&value, (const char *)&report->exporters[line] + families[i].offset, sizeof value);
            if (value > 0) show_member(show, report->exporters[line].name, value);
        }
    }
}

static void interfaces_show(const struct message_report *report, struct show *show) {
    static const struct {
        enum show_type type;
        const char *name, *help;
        size_t offset;
    } families[] = {
        {SHOW_GAUGE, "interface_speed_bits", "The speed of an sFlow agent's interface, bits per second: the first 256.",
         offsetof(struct interface, speed)},
        {SHOW_COUNTER, "interface_in_octets_total", "Octets that the interface received, as the agent counts them.",
         offsetof(struct interface, in)},
        {SHOW_COUNTER, "interface_out_octets_total", "Octets that the interface sent, as the agent counts them.",
         offsetof(struct interface, out)},
    };
    for (unsigned i = 0; i < sizeof families / sizeof families[0]; i++) {
        show_family(show, families[i].type, families[i].name, "interface", families[i].help);
        for (unsigned k = 0; k < report->n_interfaces; k++) {
            const struct interface *interface = &report->interfaces[k];
            char address[INET6_ADDRSTRLEN], name[INET6_ADDRSTRLEN + 16];
            uint64_t value;
            memcpy(&value, (const char *)interface + families[i].offset, sizeof value);
            inet_ntop(interface->family == FLOW_IPV4 ? AF_INET : AF_INET6, interface->address, address, sizeof address);
            snprintf(name, sizeof name, "%s %u", address, interface->index);
            show_member(show, name, value);
        }
    }
}

static const char *const ignored_texts[IGNORED_REASONS] = {
    [IGNORED_EMPTY] = "empty",          [IGNORED_UNCOUNTED] = "no-counters",
    [IGNORED_NOT_IP] = "not-ip",        [IGNORED_COUNTED_BEFORE] = "counted-before",
    [IGNORED_CREATED] = "flow-created", [IGNORED_DENIED] = "flow-denied",
};

static const char *const times_texts[TIMES_REASONS] = {
    [REASON_UNSET] = "unset", [REASON_FIXED] = "fixed", [REASON_CLIPPED] = "clipped"};

void message_report_show(const struct message_report *report, struct show *show) {
    static const struct {
        enum show_type type;
        const char *name, *help;
        size_t offset;
    } values[] = {
        {SHOW_COUNTER, "messages_total", "Export messages accepted.", offsetof(struct message_counters, messages)},
        {SHOW_COUNTER, "message_bytes_total", "Bytes of these messages.", offsetof(struct message_counters, octets)},
        {SHOW_COUNTER, "refused_messages_total", "Messages of exporters not in the list.",
         offsetof(struct message_counters, refused)},
        {SHOW_COUNTER, "malformed_total", "Malformed messages and sets.", offsetof(struct message_counters, malformed)},
        {SHOW_COUNTER, "unknown_messages_total", "Messages of an unknown protocol or version.",
         offsetof(struct message_counters, unknown_version)},
        {SHOW_COUNTER, "flows_total", "Flows passed on.", offsetof(struct message_counters, flows)},
        {SHOW_COUNTER, "scaled_flows_total", "Flows multiplied by a sampling rate.",
         offsetof(struct message_counters, scaled)},
        {SHOW_COUNTER, "duplicate_flows_total", "Flows ignored because another exporter had reported them.",
         offsetof(struct message_counters, duplicates)},
        {SHOW_COUNTER, "passed_over_total", "Ignored records: options, sFlow counters, and samples without IP.",
         offsetof(struct message_counters, not_counted)},
        {SHOW_COUNTER, "templates_total", "Templates learned.", offsetof(struct message_counters, templates)},
        {SHOW_COUNTER, "plans_total", "Templates whose data arrived: plans made to read it.",
         offsetof(struct message_counters, plans)},
        {SHOW_COUNTER, "withdrawn_templates_total", "Templates withdrawn by their exporters.",
         offsetof(struct message_counters, withdrawn)},
        {SHOW_COUNTER, "evicted_total", "Exporters and templates discarded for lack of memory.",
         offsetof(struct message_counters, evicted)},
        {SHOW_GAUGE, "exporters", "Known exporters: addresses and ports, TCP connections.",
         offsetof(struct message_counters, sessions)},
        {SHOW_GAUGE, "held_sets", "Data sets waiting for their template.", offsetof(struct message_counters, held)},
        {SHOW_GAUGE, "wrong_clocks", "Exporters whose clock is considered wrong.",
         offsetof(struct message_counters, wrong_clocks)},
    };
    const struct message_counters *counters = &report->counters;
    show_module(show, "collector");
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint64_t value;
        memcpy(&value, (const char *)counters + values[i].offset, sizeof value);
        if (values[i].type == SHOW_COUNTER)
            show_counter(show, values[i].name, values[i].help, value);
        else
            show_gauge(show, values[i].name, values[i].help, value);
    }
    show_family(show, SHOW_COUNTER, "ignored_records_total", "reason",
                "Records that are not counted, by reason; a part of passed_over_total.");
    for (unsigned i = 0; i < IGNORED_REASONS; i++)
        show_member(show, ignored_texts[i], counters->ignored[i]);
    show_family(show, SHOW_COUNTER, "discarded_packets_total", "reason",
                "Packets that sFlow agents report as discarded, by reason, multiplied by the sampling rate.");
    for (unsigned i = 0; i < DISCARD_REASONS; i++)
        if (counters->discarded[i] > 0) show_member(show, discard_texts[i], counters->discarded[i]);
    show_family(show, SHOW_COUNTER, "times_total", "what",
                "Flows whose times were wrong: 0 (unset), beyond the exporter's uptime or the end before the start "
                "(fixed), or longer than max_flow_duration (clipped).");
    for (unsigned i = 0; i < TIMES_REASONS; i++)
        show_member(show, times_texts[i], counters->times[i]);
    show_gauge(show, "memory_bytes", "Memory used for exporters.", counters->memory);
    show_family(show, SHOW_COUNTER, "lost_total", "what", "Known losses, as exporters count them.");
    for (unsigned i = 0; i <= LOST_SETS; i++)
        show_member(show, lost_texts[i].word, counters->lost[i]);
    exporters_show(report, show);
    faults_show(report, show);
    show_family(show, SHOW_COUNTER, "uncounted_records_total", "template",
                "Records that can't be counted, by exporter and template, with the reason: the first 64.");
    for (unsigned i = 0; i < report->n_templates; i++)
        show_member(show, report->templates[i].name, report->templates[i].records);
    interfaces_show(report, show);
}
