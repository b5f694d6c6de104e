/* Ends the process at a named place when a test asks for it. */
#include "base/fault.h"

#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

void (*fault_hook)(const char *place);
int (*fault_call_hook)(const char *place);

static char *fault_place;
static atomic_long fault_left; /* passings until the end; places are passed by more than one thread */

static void fault_passed(const char *place) {
    if (strcmp(place, fault_place) != 0) return;
    if (atomic_fetch_sub(&fault_left, 1) == 1) kill(getpid(), SIGKILL);
}

void fault_init(void) {
    const char *text = getenv("FLOWIMPORT_FAULT");
    fault_hook = NULL;
    if (!text || !*text) return;
    size_t name_len = strcspn(text, ":");
    long count = 1;
    if (text[name_len] == ':') {
        char *end;
        count = strtol(text + name_len + 1, &end, 10);
        if (*end || end == text + name_len + 1 || count < 1 || count == LONG_MAX) {
            log_error("fault", "FLOWIMPORT_FAULT=%s: expected NAME or NAME:N with N from 1; ignored", text);
            return;
        }
    }
    free(fault_place);
    fault_place = mem_strndup(text, name_len);
    atomic_store(&fault_left, count);
    fault_hook = fault_passed;
}
