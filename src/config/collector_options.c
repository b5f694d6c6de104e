/* The options of [collector] checked. */
#include "config/collector_options.h"

#include "collect/listener.h"
#include "collect/prefixes.h"

void collector_options_check(struct config *config) {
    struct prefixes prefixes;
    struct error error;
    if (!config->collector.listen) return;
    if (listener_check(config->collector.listen, &error) != 0)
        options_complain(&config->options, "collector", "listen", "%s", error.text);
    if (config->collector.allow && prefixes_parse(&prefixes, config->collector.allow, false, &error) != 0)
        options_complain(&config->options, "collector", "allow", "%s", error.text);
    if (config->collector.sampling && prefixes_parse(&prefixes, config->collector.sampling, true, &error) != 0)
        options_complain(&config->options, "collector", "sampling", "%s", error.text);
    if (config->capture.interface && config->capture.queue != CAPTURE_NONE &&
        !options_origin(&config->options, "capture", "queue").refused &&
        config->capture.queue != config->collector.queue)
        options_complain(&config->options, "collector", "queue", "must be the same as in [capture], %s",
                         config->capture.queue == CAPTURE_DIRECT ? "direct" : "redis");
}
