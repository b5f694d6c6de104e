/* Folders that are missing, told with the command that makes them. */
#include "config/folders.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/url.h"

/* To be freed by the caller. */
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return mem_strdup(".");
    return slash == path ? mem_strdup("/") : mem_printf("%.*s", (int)(slash - path), path);
}

static char *account_name(void) {
    const struct passwd *account = getpwuid(geteuid());
    return account ? mem_strdup(account->pw_name) : mem_printf("%u", (unsigned)geteuid());
}

/* `what` stands in it: "the SQLite file". */
static int folder_check(struct config *config, const char *section, const char *name, const char *what,
                        const char *folder) {
    struct stat found;
    int status = 0;
    char *account = account_name();
    if (stat(folder, &found) != 0 && (errno == ENOENT || errno == ENOTDIR))
        status =
            options_complain(&config->options, section, name, "the folder of %s is missing: mkdir -p %s && chown %s %s",
                             what, folder, account, folder);
    else if (access(folder, F_OK) == 0 && !S_ISDIR(found.st_mode))
        status = options_complain(&config->options, section, name, "%s, for %s, is not a folder", folder, what);
    else if (access(folder, W_OK | X_OK) != 0)
        status = options_complain(&config->options, section, name,
                                  "%s may not write to %s, the folder of %s (%s): chown %s %s", account, folder, what,
                                  strerror(errno), account, folder);
    free(account);
    return status;
}

static int file_folder_check(struct config *config, const char *section, const char *name, const char *what,
                             const char *path) {
    char *folder = folder_of(path);
    int status = folder_check(config, section, name, what, folder);
    free(folder);
    return status;
}

int folders_check_store(struct config *config) {
    struct url url;
    int status = 0;
    if (url_parse(&url, config->store.url, NULL) != 0) return 0; /* for the store to say */
    if (strcmp(url.scheme, "sqlite") == 0 && url.path && !url.host)
        status = file_folder_check(config, "store", "url", "the SQLite file", url.path);
    url_release(&url);
    return status;
}

/* It is made where the folder around it is there. */
static int spool_check(struct config *config) {
    const char *spool = config->producer.spool;
    if (access(spool, F_OK) == 0 || errno != ENOENT)
        return folder_check(config, "producer", "spool", "flows that are not yet pushed or written", spool);
    return file_folder_check(config, "producer", "spool", "the spool", spool);
}

int folders_check_service(struct config *config) {
    bool captures = config->capture.interface, collects = config->collector.listen;
    bool pushes =
        (captures && config->capture.queue == CAPTURE_REDIS) || (collects && config->collector.queue == CAPTURE_REDIS);
    bool direct = (captures && config->capture.queue == CAPTURE_DIRECT) ||
                  (collects && config->collector.queue == CAPTURE_DIRECT);
    bool spools = pushes || (direct && config->queue.delivery == DELIVERY_EXACTLY_ONCE);
    int status = config->import.enabled || direct ? folders_check_store(config) : 0;
    if (spools && config->producer.spool && spool_check(config) != 0) status = -1;
    if (collects && config->collector.state &&
        file_folder_check(config, "collector", "state", "the state file", config->collector.state) != 0)
        status = -1;
    return status;
}
