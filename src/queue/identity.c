/* Tokens of consumers: who gives a sign of life. */
#include "queue/identity.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void boot_read(char *boot, size_t size) {
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    snprintf(boot, size, "-");
    if (!file) return;
    if (!fgets(boot, (int)size, file) || strcspn(boot, "/\n") == 0) snprintf(boot, size, "-");
    boot[strcspn(boot, "/\n")] = '\0';
    fclose(file);
}

void identity_init(struct identity *identity, const uint8_t random[IDENTITY_RANDOM]) {
    struct stat status;
    *identity = (struct identity){.pid = getpid()};
    gethostname(identity->host, sizeof identity->host - 1);
    for (size_t i = 0; i < IDENTITY_RANDOM; i++)
        snprintf(identity->random + 2 * i, 3, "%02x", random[i]);
    boot_read(identity->boot, sizeof identity->boot);
    if (stat("/proc/self/ns/pid", &status) == 0) identity->pid_namespace = status.st_ino;
}

void identity_write(const struct identity *identity, char token[IDENTITY_TOKEN_MAX]) {
    snprintf(token, IDENTITY_TOKEN_MAX, "%s/%" PRId64 "/%s/%s/%" PRIu64, identity->host, identity->pid,
             identity->random, identity->boot, identity->pid_namespace);
}

/* Takes "/<field>" off the end of the text; NULL: there is none. */
static const char *field_take(char *text) {
    char *slash = strrchr(text, '/');
    if (!slash) return NULL;
    *slash = '\0';
    return slash + 1;
}

bool identity_read(struct identity *identity, const char *token) {
    char text[IDENTITY_TOKEN_MAX], *end;
    *identity = (struct identity){.boot = "-"};
    if (strlen(token) >= sizeof text) return false;
    snprintf(text, sizeof text, "%s", token);
    const char *space = field_take(text), *boot = field_take(text), *random = field_take(text), *pid = field_take(text);
    bool whole = pid && strlen(random) == 2 * IDENTITY_RANDOM && strlen(boot) < sizeof identity->boot;
    if (!whole) { /* "host/pid" */
        snprintf(text, sizeof text, "%s", token);
        pid = field_take(text);
    } else {
        snprintf(identity->random, sizeof identity->random, "%s", random);
        snprintf(identity->boot, sizeof identity->boot, "%s", boot);
        identity->pid_namespace = strtoull(space, NULL, 10);
    }
    snprintf(identity->host, sizeof identity->host, "%.255s", text);
    if (!pid) return false;
    identity->pid = strtoll(pid, &end, 10);
    return whole && *pid && !*end && identity->pid > 0;
}

bool identity_sees(const struct identity *self, const struct identity *other) {
    return strcmp(self->host, other->host) == 0 && strcmp(self->boot, "-") != 0 &&
           strcmp(self->boot, other->boot) == 0 && self->pid_namespace != 0 &&
           self->pid_namespace == other->pid_namespace;
}

bool identity_is_dead(const struct identity *self, const struct identity *other) {
    if (other->pid <= 0 || !identity_sees(self, other)) return false;
    return other->pid == self->pid || (kill((pid_t)other->pid, 0) != 0 && errno == ESRCH);
}
