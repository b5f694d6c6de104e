/* Faults of exporters as sentences: a table of checks over the document. */
#include "tool/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tool/units.h"

/* Of flowimportd as a whole: wrong where the counter is above 0, and at least one in DOCTOR_ONE_IN of `base`, if there
 * is one. The number stands in front of `meaning`. */
static const struct whole_check {
    const char *kind, *module, *counter, *base, *meaning, *fix;
} whole_checks[] = {
    {"buffer", "listener", "dropped_total", NULL, "datagrams were dropped because the socket's buffer was full",
     "sysctl -w net.core.rmem_max=33554432; [collector] buffer = 32M"},
    {"overload", "collector", "thrown_away_total", NULL,
     "flows were discarded because the event loop did not take them",
     "use [collector] queue = direct, or a faster CPU"},
    {"memory", "collector", "evicted_total", NULL, "exporters or templates were discarded for lack of memory",
     "[collector] memory = 128M"},
    {"refused", "collector", "refused_messages_total", "messages_total",
     "messages came from exporters that [collector] allow does not list", "add them to [collector] allow"},
    {"unknown", "collector", "unknown_messages_total", "messages_total",
     "messages are not NetFlow v5, v7 or v9, IPFIX or sFlow v5",
     "choose one of these on the exporter; Cisco IOS: export-protocol netflow-v9 in flow exporter NAME"},
};

/* Of one exporter: families of the module "collector" whose members are exporters; the same of theirs. */
static const struct exporter_check {
    const char *kind, *family, *base, *meaning, *fix;
} exporter_checks[] = {
    {"sampling", "exporter_unscaled_sets_total", "exporter_messages_total",
     "data sets are of sampled flows, and their sampling rate is not known: they count as they are",
     "Cisco IOS: option sampler-table in flow exporter NAME; Junos: option-refresh-rate in the flow-server's template; "
     "or here: [collector] sampling = ADDRESS=N"},
    {"templates", "exporter_untemplated_sets_total", "exporter_messages_total",
     "data sets were lost because their template did not arrive in time",
     "Cisco IOS: template data timeout 60 in flow exporter NAME; Junos: template-refresh-rate seconds 60; or here: "
     "[collector] hold = 30m"},
    {"malformed", "exporter_malformed_total", "exporter_messages_total", "messages or sets are malformed",
     "look at them by tcpdump -w FILE udp port PORT; often a firewall or a small MTU cuts datagrams"},
    {"duplicates", "exporter_both_ends_total", "exporter_messages_total",
     "data sets, samples or flows are reported where they enter and where they leave: these count twice",
     "on the router keep one: no ip flow monitor NAME output (Cisco IOS), with NetFlow v5 no ip flow egress; "
     "or here, if direction or interfaces differ: [collector] deduplicate = 1m"},
    {"times", "exporter_times_unset_total", "exporter_records_total",
     "flows have no times: they count at the time of their message",
     "Cisco IOS: collect timestamp sys-uptime first, and last, in flow record NAME"},
    {"times", "exporter_times_fixed_total", "exporter_records_total",
     "flows ended beyond the exporter's uptime, or before their start",
     "update the exporter's software; check its NTP"},
    {"timeout", "exporter_times_clipped_total", "exporter_records_total", "flows were longer than max_flow_duration",
     "Cisco IOS: cache timeout active 60 in flow monitor NAME; Junos: flow-active-timeout 60"},
    {"loss", "exporter_lost_total", "exporter_records_total",
     "flows, messages or data sets were lost on the way, by the exporter's sequence numbers",
     "look for drops on the path (netstat -su here; show flow exporter statistics on Cisco IOS), and sample"},
};

static uint64_t number_of(const json_t *object, const char *name) {
    const json_t *value = name ? json_object_get(object, name) : NULL;
    return json_is_integer(value) && json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
}

static bool is_much(uint64_t n, uint64_t base) { return n > 0 && n >= base / DOCTOR_ONE_IN; }

/* The next finding, to be filled in; NULL: there is no room. */
static struct doctor_finding *finding_add(struct doctor *doctor, const char *exporter, size_t len, const char *kind,
                                          const char *fix) {
    if (doctor->n == DOCTOR_FINDINGS) {
        doctor->more++;
        return NULL;
    }
    struct doctor_finding *finding = &doctor->findings[doctor->n++];
    *finding = (struct doctor_finding){.kind = kind, .fix = fix};
    snprintf(finding->exporter, sizeof finding->exporter, "%.*s", (int)(len < DOCTOR_NAME_MAX ? len : DOCTOR_NAME_MAX),
             exporter);
    return finding;
}

static void count_add(struct doctor *doctor, const char *exporter, const char *kind, uint64_t n, const char *meaning,
                      const char *fix) {
    struct doctor_finding *finding = finding_add(doctor, exporter, strlen(exporter), kind, fix);
    if (finding) snprintf(finding->meaning, sizeof finding->meaning, "%" PRIu64 " %s", n, meaning);
}

static void whole_examine(struct doctor *doctor, const json_t *status) {
    for (unsigned i = 0; i < sizeof whole_checks / sizeof whole_checks[0]; i++) {
        const struct whole_check *check = &whole_checks[i];
        const json_t *module = json_object_get(status, check->module);
        uint64_t n = number_of(module, check->counter);
        if (is_much(n, number_of(module, check->base)))
            count_add(doctor, "", check->kind, n, check->meaning, check->fix);
    }
}

static void heard_examine(struct doctor *doctor, const json_t *collector, const char *exporter, int64_t now) {
    const json_t *family = json_object_get(collector, "exporter_heard_timestamp_seconds");
    int64_t heard = (int64_t)number_of(family, exporter);
    char age[40];
    if (heard == 0 || now - heard < DOCTOR_SILENT_S) return;
    struct doctor_finding *finding =
        finding_add(doctor, exporter, strlen(exporter), "silence",
                    "look at the exporter (Cisco IOS: show flow exporter statistics), the route and firewalls between");
    if (finding)
        snprintf(finding->meaning, sizeof finding->meaning, "nothing has arrived for %s",
                 units_age(now - heard, age, sizeof age));
}

static void exporter_examine(struct doctor *doctor, const json_t *collector, const char *exporter, int64_t now) {
    heard_examine(doctor, collector, exporter, now);
    uint64_t wrong = number_of(json_object_get(collector, "exporter_clock_wrong_seconds"), exporter);
    struct doctor_finding *clock = wrong == 0 ? NULL
                                              : finding_add(doctor, exporter, strlen(exporter), "clock",
                                                            "Cisco IOS: ntp server ADDRESS; Junos: set system ntp "
                                                            "server ADDRESS");
    if (clock)
        snprintf(clock->meaning, sizeof clock->meaning,
                 "its clock is wrong by %" PRIu64 " seconds, and its times are corrected by that", wrong);
    for (unsigned i = 0; i < sizeof exporter_checks / sizeof exporter_checks[0]; i++) {
        const struct exporter_check *check = &exporter_checks[i];
        uint64_t n = number_of(json_object_get(collector, check->family), exporter);
        if (is_much(n, number_of(json_object_get(collector, check->base), exporter)))
            count_add(doctor, exporter, check->kind, n, check->meaning, check->fix);
    }
}

/* Members are "192.0.2.1/0 template 256: no octets and no packets". */
static void templates_examine(struct doctor *doctor, const json_t *collector) {
    static const char word[] = " template ";
    const char *name;
    json_t *value, *family = json_object_get(collector, "uncounted_records_total");
    json_object_foreach(family, name, value) {
        const char *template = strstr(name, word);
        uint64_t n = number_of(family, name);
        if (!template || n == 0) continue;
        struct doctor_finding *finding =
            finding_add(doctor, name, (size_t)(template - name), "uncounted",
                        "Cisco IOS: collect counter bytes long, and packets long, in flow record NAME; if such records "
                        "are of NAT's or other events, none is required");
        if (finding)
            snprintf(finding->meaning, sizeof finding->meaning, "%" PRIu64 " records of%s can't be counted", n,
                     template);
    }
}

bool doctor_examine(struct doctor *doctor, const json_t *status, int64_t now) {
    const json_t *collector = json_object_get(status, "collector");
    json_t *exporters = json_object_get(collector, "exporter_messages_total"), *value;
    const char *exporter;
    doctor->exporters = doctor->n = doctor->more = 0;
    if (!json_object_get(status, "build")) return false;
    if (!collector) {
        struct doctor_finding *finding = finding_add(doctor, "", 0, "collector", "[collector] listen = udp:2055");
        snprintf(finding->meaning, sizeof finding->meaning, "flowimportd listens to no exporters");
        return true;
    }
    whole_examine(doctor, status);
    json_object_foreach(exporters, exporter, value) {
        doctor->exporters++;
        exporter_examine(doctor, collector, exporter, now);
    }
    templates_examine(doctor, collector);
    if (doctor->exporters > 0) return true;
    struct doctor_finding *finding =
        finding_add(doctor, "", 0, "exporters",
                    "Cisco IOS: flow exporter NAME, destination ADDRESS, transport udp PORT; see [collector] listen");
    if (finding) snprintf(finding->meaning, sizeof finding->meaning, "no exporter has sent anything");
    return true;
}
