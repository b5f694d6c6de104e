/* Entries out of the queue by the way that Redis allows; and read from their claim. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "queue/consumer_impl.h"

/* --- reading a claim --- */

static void on_page(void *context, const redisReply *reply);

static void page_ask(struct consumer *consumer) {
    int64_t last =
        consumer->end - consumer->next_entry > consumer->page ? consumer->next_entry + consumer->page : consumer->end;
    if (consumer->next_entry == last) return;
    consumer_page_ask(consumer, consumer->key, consumer->next_entry, last - 1, on_page);
    consumer->pages[(consumer->first_page + consumer->pending) % CONSUMER_PAGES] =
        (struct paging){.asked = last - consumer->next_entry};
    consumer->next_entry = last;
    consumer->pending++;
}

static void on_page(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    consumer->pending--;
    if (consumer_refused(consumer, reply, "LRANGE")) return;
    struct paging page = consumer->pages[consumer->first_page];
    consumer->first_page = (consumer->first_page + 1) % CONSUMER_PAGES;
    if (reply->integer > 0) consumer->mean = 1 + page.bytes / (uint64_t)reply->integer;
    if (reply->integer < page.asked)
        consumer->ended = true;
    else
        consumer->page = paging_next(consumer->page, page.asked, page.bytes, (int64_t)consumer->config->page);
    if (!consumer->stopped && !consumer->ended) page_ask(consumer);
    if (consumer->pending > 0) return;
    consumer->result.ended = !consumer->stopped;
    consumer_finish(consumer);
}

void consumer_read(struct consumer *consumer, const struct claim *claim, int64_t limit) {
    if (!consumer_begin(consumer)) return;
    memcpy(consumer->key, claim->key, sizeof consumer->key);
    if (consumer->page == 0) consumer->page = CONSUMER_PAGE_FIRST;
    if (consumer->page > (int64_t)consumer->config->page) consumer->page = (int64_t)consumer->config->page;
    consumer->first_page = 0;
    consumer->next_entry = claim->read;
    consumer->end = limit < INT64_MAX - claim->read ? claim->read + limit : INT64_MAX;
    consumer->pending = 0;
    consumer->stopped = consumer->ended = false;
    for (unsigned i = 0; i < CONSUMER_PAGES; i++)
        page_ask(consumer);
}

/* --- taking from the queue --- */

void consumer_take(struct consumer *consumer, const struct claim *fill, const struct claim *fresh, bool wait) {
    if (!consumer_begin(consumer)) return;
    consumer->fresh = *fresh;
    consumer->fill_key[0] = consumer->fill_end[0] = '\0';
    /* A claim whose places are counted gets no entries that are not. */
    if (fill && fill->queue_id[0] && consumer->scripts == SCRIPTS_NONE) fill = NULL;
    if (fill) memcpy(consumer->fill_key, fill->key, sizeof consumer->fill_key);
    if (fill)
        snprintf(consumer->fill_end, sizeof consumer->fill_end, "%s.%" PRId64, fill->queue_id, fill->place + fill->len);
    consumer->wait = wait;
    consumer->moved_bytes = consumer->came = 0;
    consumer->stopped = false;
    if (consumer->config->at_most_once || consumer->scripts == SCRIPTS_NONE)
        consumer_command_take(consumer);
    else
        consumer_script_take(consumer);
}
