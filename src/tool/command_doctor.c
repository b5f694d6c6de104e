/* flowimport doctor: what is wrong with exporters, and what fixes it, by the running flowimportd's counters. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tool/commands.h"
#include "tool/doctor.h"
#include "tool/document.h"
#include "tool/status_ask.h"

static void findings_print(const struct doctor *doctor) {
    for (unsigned i = 0; i < doctor->n; i++) {
        const struct doctor_finding *finding = &doctor->findings[i];
        printf("%s: %s: %s\n    Fix: %s\n", *finding->exporter ? finding->exporter : "flowimportd", finding->kind,
               finding->meaning, finding->fix);
    }
    if (doctor->more) printf("... and %u more\n", doctor->more);
    if (doctor->n == 0)
        printf("%u exporter%s, nothing is wrong\n", doctor->exporters, doctor->exporters == 1 ? "" : "s");
}

static void findings_write(const struct doctor *doctor) {
    struct document document = {.depth = 0};
    document_object(&document, NULL);
    document_number(&document, "exporters", doctor->exporters);
    document_array(&document, "findings");
    for (unsigned i = 0; i < doctor->n; i++) {
        const struct doctor_finding *finding = &doctor->findings[i];
        document_object(&document, NULL);
        document_text(&document, "exporter", *finding->exporter ? finding->exporter : NULL);
        document_text(&document, "kind", finding->kind);
        document_text(&document, "meaning", finding->meaning);
        document_text(&document, "fix", finding->fix);
        document_close(&document);
    }
    document_close(&document);
    document_number(&document, "more", doctor->more);
    document_close(&document);
}

int command_doctor(const struct command_call *call) {
    const char *listen = call->config->http.listen;
    struct error error;
    if (call->n_operands > 1) return command_usage(call);
    if (call->n_operands == 0 && !listen)
        return command_fail(EXIT_USAGE, "[http] listen is empty: flowimportd can't be asked");
    json_t *status = call->n_operands ? status_load(call->operands[0], &error) : status_ask(listen, &error);
    if (!status) return command_fail(EXIT_FAILED, "%s", error.text);
    struct doctor *doctor = mem_zalloc(1, sizeof *doctor);
    int code = EXIT_FAILED;
    if (!doctor_examine(doctor, status, clock_now(&clock_system))) {
        command_fail(EXIT_FAILED, "not a status document of flowimportd");
    } else {
        (call->options->json ? findings_write : findings_print)(doctor);
        code = doctor->n > 0 ? EXIT_FAILED : EXIT_DONE;
    }
    free(doctor);
    json_decref(status);
    return code;
}
