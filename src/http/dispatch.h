/* From a request to an endpoint of the API, by way of a worker thread, and back. */
#ifndef FLOWIMPORT_HTTP_DISPATCH_H
#define FLOWIMPORT_HTTP_DISPATCH_H

#include "base/clock.h"
#include "http/api.h"
#include "http/server.h"
#include "http/workers.h"
#include "names/book.h"

struct dispatch {           /* all borrowed */
    struct name_book *book; /* of files; each call holds it */
    struct event_base *base;
    struct workers *workers;
    const struct schema *schema;
    const struct clock *clock;
    const struct api_names *names;
    int64_t patience_ms; /* what an answer may take, from the request on */
};

/* Answers a request whose path begins with /api/, at once or later. The dispatch outlives the exchange, and the workers
 * end before the dispatch. */
void dispatch_answer(struct dispatch *dispatch, struct http_exchange *exchange);

#endif
