/* What a running daemon takes of a configuration that was changed, and what it says about the rest. */
#include "daemon/reload.h"

#include <string.h>

#include "base/log.h"

static const char *path_of(const struct config *config) { return config->path ? config->path : FLOWIMPORT_CONFIG; }

static void errors_log(const struct config *config) {
    for (const char *line = config->options.errors.data; line && *line; line += strcspn(line, "\n") + 1)
        log_error("config", "%.*s", (int)strcspn(line, "\n"), line);
    log_error("config", "%s: reload refused; the running configuration is unchanged", path_of(config));
}

static void change_log(void *context, const struct option *option) {
    const struct config *fresh = context;
    if (option->reload)
        log_notice("config", "[%s] %s changed in %s", option->section, option->name, path_of(fresh));
    else if (option->section)
        log_warning("config", "[%s] %s changed in %s: requires a restart", option->section, option->name,
                    path_of(fresh));
}

bool reload_run(struct reload *reload) {
    struct config *config = reload->config, fresh;
    if (config_gather(&fresh, reload->program, reload->argc, reload->argv) != CONFIG_RUN) {
        errors_log(&fresh);
        config_release(&fresh);
        return false;
    }
    options_exchange(&config->options, &fresh.options);
    config_agree(config); /* the new values against those that require a restart */
    bool agrees = config->options.n_errors == 0;
    if (!agrees) {
        errors_log(config);
        buffer_clear(&config->options.errors);
        config->options.n_errors = 0;
        options_exchange(&config->options, &fresh.options);
    } else {
        struct name_book *book = config->book;
        config->book = fresh.book;
        fresh.book = book; /* released with it */
        pipeline_tune(reload->pipeline, config, reload->program->name);
        options_compare(&config->options, &fresh.options, change_log, &fresh);
        log_notice("config", "%s: reloaded", path_of(&fresh));
    }
    config_release(&fresh);
    return agrees;
}
