/* The queue's URL: host or socket, login, database number. */
#include "queue/redis_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/url.h"

enum { REDIS_PORT = 6379, DATABASES_MAX = 1 << 20 };

static int database_parse(struct redis_target *target, const char *text, struct error *error) {
    char *end;
    if (!text || !*text) return 0;
    long number = strtol(text, &end, 10);
    if (*end || number < 0 || number > DATABASES_MAX)
        return error_set(error, "%s: '%s' is not a database number", target->display, text);
    target->database = (int)number;
    return 0;
}

int redis_target_parse(struct redis_target *target, const char *url, const char *password, struct error *error) {
    struct url parts;
    *target = (struct redis_target){.port = REDIS_PORT};
    if (url_parse(&parts, url, error) != 0) return -1;
    target->display = url_display(url);
    int failed = 0;
    if (strcmp(parts.scheme, "redis+unix") == 0 && parts.path) {
        target->socket = mem_strdup(parts.path);
        failed = database_parse(target, url_param(&parts, "db"), error);
    } else if (strcmp(parts.scheme, "redis") == 0) {
        target->host = mem_strdup(parts.host && *parts.host ? parts.host : "localhost");
        if (parts.port) target->port = parts.port;
        failed = database_parse(target, parts.path ? parts.path + strspn(parts.path, "/") : NULL, error);
    } else {
        failed =
            error_set(error, "%s: expected redis://host[:port][/db] or redis+unix:///path[?db=N]", target->display);
    }
    if (parts.user && *parts.user) target->user = mem_strdup(parts.user);
    if (!password) password = parts.password;
    if (password && *password) target->password = mem_strdup(password);
    url_release(&parts);
    if (failed) redis_target_release(target);
    return failed;
}

void redis_target_release(struct redis_target *target) {
    free(target->host);
    free(target->socket);
    free(target->user);
    free(target->password);
    free(target->display);
    *target = (struct redis_target){.port = 0};
}
