/* The queue's URL: host or socket, login, database number. */
#include "queue/redis_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/url.h"

enum { REDIS_PORT = 6379, SENTINEL_PORT = 26379, DATABASES_MAX = 1 << 20 };

static int database_parse(struct redis_target *target, const char *text, struct error *error) {
    char *end;
    if (!text || !*text) return 0;
    long number = strtol(text, &end, 10);
    if (*end || number < 0 || number > DATABASES_MAX)
        return error_set(error, "%s: '%s' is not a database number", target->display, text);
    target->database = (int)number;
    return 0;
}

static int node_add(struct redis_target *target, const char *host, int port, struct error *error) {
    struct redis_node *node = &target->nodes[target->n_nodes++];
    size_t len = strlen(host);
    if (len >= sizeof node->host) return error_set(error, "%s: the host '%s' is too long", target->display, host);
    memcpy(node->host, host, len + 1);
    node->port = port ? port : target->port;
    return 0;
}

static int nodes_parse(struct redis_target *target, const struct url *url, struct error *error) {
    if (!url->host) return error_set(error, "%s: no host", target->display);
    target->nodes = mem_zalloc(1 + url->n_more, sizeof *target->nodes);
    int failed = node_add(target, url->host, url->port, error);
    for (unsigned i = 0; i < url->n_more && !failed; i++)
        failed = node_add(target, url->more[i].name, url->more[i].port, error);
    return failed;
}

static int sentinel_parse(struct redis_target *target, const struct url *url, struct error *error) {
    const char *name = url->path ? url->path + 1 : "";
    size_t len = strcspn(name, "/");
    target->kind = REDIS_SENTINEL;
    target->port = SENTINEL_PORT;
    if (len == 0)
        return error_set(error, "%s: no name of a master: redis+sentinel://host[:26379][,host...]/master[/db]",
                         target->display);
    target->master = mem_strndup(name, len);
    if (database_parse(target, name + len + (name[len] == '/'), error) != 0) return -1;
    return nodes_parse(target, url, error);
}

static int cluster_parse(struct redis_target *target, const struct url *url, struct error *error) {
    target->kind = REDIS_CLUSTER;
    if (url->path && strcmp(url->path, "/") != 0 && strcmp(url->path, "/0") != 0)
        return error_set(error, "%s: a Redis Cluster has no database but 0", target->display);
    return nodes_parse(target, url, error);
}

static int server_parse(struct redis_target *target, const struct url *url, struct error *error) {
    if (url->n_more > 0)
        return error_set(error,
                         "%s: several hosts: redis+sentinel://host,host/master asks the sentinels there, "
                         "redis+cluster://host,host is a Redis Cluster",
                         target->display);
    target->host = mem_strdup(url->host && *url->host ? url->host : "localhost");
    if (url->port) target->port = url->port;
    return database_parse(target, url->path ? url->path + strspn(url->path, "/") : NULL, error);
}

static int socket_parse(struct redis_target *target, const struct url *url, struct error *error) {
    if (url->path && url->host && *url->host)
        return error_set(error, "%s: the path of the socket begins behind '%s': expected redis+unix:///path[?db=N]",
                         target->display, url->host);
    if (!url->path) return error_set(error, "%s: no path of a socket: redis+unix:///path[?db=N]", target->display);
    target->socket = mem_strdup(url->path);
    return database_parse(target, url_param(url, "db"), error);
}

/* What is ignored here would be missed later: ?tls=yes sends the password in plain text, ?db=2 reads another queue. */
static int params_check(const struct redis_target *target, const struct url *url, const char *known,
                        struct error *error) {
    for (unsigned i = 0; i < url->n_params; i++) {
        const char *name = url->params[i].name;
        if (known && strcmp(name, known) == 0) continue;
        if (known) return error_set(error, "%s: unknown parameter '%s'; expected %s", target->display, name, known);
        return error_set(error,
                         "%s: unknown parameter '%s'; expected none: the database is /N behind the host, TLS is "
                         "rediss:// with [queue] tls_ca and so on",
                         target->display, name);
    }
    return 0;
}

static int target_parse(struct redis_target *target, const struct url *url, struct error *error) {
    static const struct {
        const char *scheme;
        bool secure;
        int (*parse)(struct redis_target *target, const struct url *url, struct error *error);
        const char *param;
    } schemes[] = {
        {"redis", false, server_parse, NULL},
        {"redis+unix", false, socket_parse, "db"},
        {"redis+sentinel", false, sentinel_parse, NULL},
        {"redis+cluster", false, cluster_parse, NULL},
        {"rediss", true, server_parse, NULL},
        {"rediss+sentinel", true, sentinel_parse, NULL},
        {"rediss+cluster", true, cluster_parse, NULL},
    };
    for (unsigned i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strcmp(url->scheme, schemes[i].scheme) == 0) {
            target->secure = schemes[i].secure;
            if (params_check(target, url, schemes[i].param, error) != 0) return -1;
            return schemes[i].parse(target, url, error);
        }
    return error_set(error,
                     "%s: expected redis://host[:port][/db], redis+unix:///path[?db=N], "
                     "redis+sentinel://host[:port][,host...]/master[/db], redis+cluster://host[:port][,host...], or "
                     "with TLS rediss:// and so on",
                     target->display);
}

int redis_target_parse(struct redis_target *target, const struct redis_access *access, struct error *error) {
    struct url parts;
    *target = (struct redis_target){.port = REDIS_PORT, .key = access->queue, .tls = access->tls};
    if (url_parse(&parts, access->url, error) != 0) return -1;
    target->display = url_display(access->url);
    int failed = target_parse(target, &parts, error);
    if (parts.user) target->user = mem_strdup(parts.user);
    const char *password = access->password ? access->password : parts.password;
    if (password && (*password || parts.user)) target->password = mem_strdup(password);
    if (!failed && parts.user && !password)
        failed =
            error_set(error,
                      "%s: no password for the user '%s': set [queue] password or password_file, or write %s:@ for "
                      "a user who needs none",
                      target->display, parts.user, parts.user);
    url_release(&parts);
    if (failed) redis_target_release(target);
    return failed;
}

void redis_target_release(struct redis_target *target) {
    free(target->nodes);
    free(target->master);
    free(target->host);
    free(target->socket);
    free(target->user);
    free(target->password);
    free(target->display);
    *target = (struct redis_target){.port = 0};
}
