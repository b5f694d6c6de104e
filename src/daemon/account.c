/* Which account flowimportd goes on as, and whether the store's file is for that account to write. */
#include "daemon/account.h"

#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"
#include "daemon/privileges.h"

/* SQLite writes the file, and others beside it. One that isn't there is the store's matter. */
static int store_check(const struct config *config, struct error *error) {
    struct url url;
    int failed = 0;
    if (!config->store.url || url_parse(&url, config->store.url, NULL) != 0) return 0;
    if (strcmp(url.scheme, "sqlite") == 0 && url.path) {
        char *copy = mem_strdup(url.path);
        const char *paths[] = {url.path, dirname(copy)};
        for (unsigned i = 0; i < 2 && !failed; i++)
            if (access(paths[i], i ? W_OK | X_OK : R_OK | W_OK) != 0 && errno != ENOENT)
                failed = error_set(error,
                                   "store %s: '%s' can't be written by '%s', the account that root changes to: %s; "
                                   "chown it, or change [capture] user",
                                   config->store.url, paths[i], config->capture.user, strerror(errno));
        free(copy);
    }
    url_release(&url);
    return failed;
}

int account_settle(const struct config *config, bool opened, struct error *error) {
    const char *user = config->capture.user;
    bool root = geteuid() == 0;
    if (!opened && (!root || !user)) return 0;
    if (!opened && options_origin(&config->options, "capture", "user").source == OPTION_DEFAULT && !getpwnam(user)) {
        log_warning("main", "running as root: account '%s' not found; create it, or set another in [capture] user",
                    user);
        return 0;
    }
    if (privileges_drop(user, error) != 0) return -1;
    if (!root || !user) return 0;
    log_info("main", "changed to account '%s'", user);
    return store_check(config, error);
}
