/* Other programs' databases: where they are, and the patience with them. */
#include "tool/source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"

enum { SOURCE_TRIES = 10 };

char *source_url(const char *text, char **table) {
    char *stripped = mem_strdup(text), *at = strchr(stripped, '?');
    struct url url;
    *table = NULL;
    if (url_parse(&url, text, NULL) != 0) return stripped;
    if (url_param(&url, "table")) *table = mem_strdup(url_param(&url, "table"));
    url_release(&url);
    while (at && strncmp(at + 1, "table=", strlen("table=")) != 0)
        at = strchr(at + 1, '&');
    if (!at) return stripped;
    char *rest = at + 1 + strcspn(at + 1, "&");
    if (*rest)
        memmove(at + 1, rest + 1, strlen(rest)); /* behind the '?' or '&' that stands there */
    else
        *at = '\0';
    return stripped;
}

int source_open(const struct command_call *call, const char *text, struct store **source) {
    static const struct schema nothing; /* of ours */
    const struct command_options *options = call->options;
    struct store_config config = {.url = text, .read_only = true, .foreign = true};
    char *password = NULL;
    struct error error;
    struct url url;
    if (url_parse(&url, text, &error) != 0) return command_fail(EXIT_USAGE, "%s", error.text);
    bool is_mysql = strcmp(url.scheme, "mysql") == 0 || strcmp(url.scheme, "mariadb") == 0, secret = url.password;
    url_release(&url);
    if (!is_mysql) return command_fail(EXIT_USAGE, "'%s' is not accepted: expected mysql://user@host/database", text);
    if (secret)
        return command_fail(EXIT_USAGE, "a password on the command line is visible to every user of the machine; use "
                                        "--from-password-file or the MySQL option file");
    if (options->from_password_file && !(password = config_password(options->from_password_file, &error)))
        return command_fail(EXIT_USAGE, "--from-password-file: %s", error.text);
    config.password = password;
    if (store_url_check(&config, &error) != 0) {
        free(password);
        return command_fail(EXIT_USAGE, "%s: %s", text, error.text);
    }
    enum store_status status = store_open(source, &config, &nothing, &error);
    free(password);
    return status == STORE_OK ? EXIT_DONE : command_fail(EXIT_FAILED, "%s", error.text);
}

bool source_again(const struct command_call *call, const char *who, enum store_status status,
                  struct source_tries *tries, const struct error *error) {
    if (status != STORE_RETRY || ++tries->failed == SOURCE_TRIES) return false;
    tries->backoff.first_ms = 100;
    tries->backoff.max_ms = call->config->queue.retry_max_ms;
    int64_t wait = backoff_failed(&tries->backoff);
    log_warning(who, "%s; trying again in %" PRId64 " ms", error->text, wait);
    usleep((useconds_t)(wait * 1000));
    return true;
}
