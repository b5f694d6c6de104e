/* What of sessions outlives the process, as text: a line for each session of UDP, behind it its domains, behind each of
 * these its templates and rates. The last line is a hash of all before it.
 *
 *   flowimport-collector 1
 *   exporter 192.0.2.1 54321 established 1700000000 1700000600      heard first, last
 *   domain 10 0 - 4711 0 1700000600 0 -      protocol, id, agent, next sequence number, whether it is that behind a
 *                                            message, last, rate, boot in microseconds
 *   template 256 data 1700000600 0.8.4 0.12.4      sent last; enterprise, id and length of each field
 *   rate 4611686018427387905 1000      part, rate
 *   of-exporter                                    these rates are the whole exporter's
 *   end 0123456789abcdef
 *
 * Sequence numbers are there only behind message_end(): what is missing from then on is lost. Others would be old by
 * the time that they are read, and what had come since would be taken for lost. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "collect/admission.h"
#include "collect/decoder.h"

#define HEAD "flowimport-collector 1\n"
enum { END_BYTES = sizeof "end 0123456789abcdef\n" - 1 };

/* --- writing --- */

static int64_t seconds(int64_t us) { return us / 1000000; }

static void address_add(struct buffer *out, unsigned family, const uint8_t *address) {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(family == FLOW_IPV4 ? AF_INET : AF_INET6, address, text, sizeof text);
    buffer_add_text(out, text);
}

static void template_add(struct buffer *out, const struct template *template) {
    buffer_printf(out, "template %u %s %" PRId64, template->id, template->options ? "options" : "data",
                  seconds(template->sent_us));
    for (unsigned i = 0; i < template->n_fields; i++)
        buffer_printf(out, " %u.%u.%u", template->fields[i].enterprise, template->fields[i].id,
                      template->fields[i].length);
    buffer_add_text(out, "\n");
}

static void domain_line_add(struct buffer *out, const struct message_decoder *decoder, const struct domain *domain) {
    const struct sequence *sequence = &domain->sequence;
    int64_t sent_since_us = decoder->now_us - decoder->config.template_lifetime_us;
    buffer_printf(out, "domain %u %u ", domain->key.protocol, domain->key.id);
    if (domain->key.protocol == 0)
        address_add(out, domain->key.family, domain->key.agent);
    else
        buffer_add_text(out, "-");
    if (decoder->ended && sequence->known && !sequence->unsure)
        buffer_printf(out, " %u", sequence->next);
    else
        buffer_add_text(out, " -");
    buffer_printf(out, " %d %u %u", sequence->behind, sequence->last, domain->rate);
    if (domain->has_boot)
        buffer_printf(out, " %" PRId64 "\n", domain->boot_us);
    else
        buffer_add_text(out, " -\n");
    for (unsigned i = 0; i < domain->n_templates; i++)
        if (domain->templates[i]->sent_us >= sent_since_us) template_add(out, domain->templates[i]);
    for (unsigned i = 0; i < domain->n_rates; i++)
        buffer_printf(out, "rate %" PRIu64 " %u\n", domain->rates[i].key, domain->rates[i].rate);
    if (domain->tells_exporter) buffer_add_text(out, "of-exporter\n");
}

/* The longest silent come first, so that reading gives them the same order again. */
void message_state_write(const struct message_decoder *decoder, struct buffer *out) {
    static const char *const classes[] = {[SESSION_NEWCOMER] = "new", [SESSION_ESTABLISHED] = "established"};
    size_t begin = out->len;
    const struct session *session;
    const struct domain *domain;
    buffer_add_text(out, HEAD);
    for (unsigned class = 0; class < SESSION_CONNECTION; class ++) {
        TAILQ_FOREACH_REVERSE(session, &decoder->sessions.classes[class].sessions, session_list, by_silence) {
            buffer_add_text(out, "exporter ");
            address_add(out, session->key.family, session->key.address);
            buffer_printf(out, " %u %s %" PRId64 " %" PRId64 "\n", session->key.port, classes[class],
                          seconds(session->first_us), seconds(session->heard_us));
            TAILQ_FOREACH_REVERSE(domain, &session->domains, domain_list, of_session) {
                domain_line_add(out, decoder, domain);
            }
        }
    }
    buffer_printf(out, "end %016" PRIx64 "\n", (uint64_t)XXH3_64bits(out->data + begin, out->len - begin));
}

/* --- reading --- */

struct state_reader {
    struct message_decoder *decoder;
    int64_t now_us;
    bool take;               /* else the text is only looked at */
    struct session *session; /* what the next lines belong to; NULL: it is left out */
    struct domain *domain;
    bool has_session, has_domain;
    char *rest; /* of the line */
};

static bool word_read(struct state_reader *reader, const char **word) {
    *word = strtok_r(NULL, " ", &reader->rest);
    return *word;
}

static bool word_number(const char *word, uint64_t max, uint64_t *number) {
    char *end;
    if (*word < '0' || *word > '9') return false;
    errno = 0;
    *number = strtoull(word, &end, 10);
    return errno == 0 && *end == '\0' && *number <= max;
}

static bool number_read(struct state_reader *reader, uint64_t max, uint64_t *number) {
    const char *word;
    return word_read(reader, &word) && word_number(word, max, number);
}

/* "-" is none. */
static bool number_or_none(struct state_reader *reader, uint64_t max, bool *has, uint64_t *number) {
    const char *word;
    *number = 0;
    if (!word_read(reader, &word)) return false;
    *has = strcmp(word, "-") != 0;
    return !*has || word_number(word, max, number);
}

/* One of two words: which of them. */
static bool choice_read(struct state_reader *reader, const char *no, const char *yes, bool *is_yes) {
    const char *word;
    if (!word_read(reader, &word)) return false;
    *is_yes = strcmp(word, yes) == 0;
    return *is_yes || strcmp(word, no) == 0;
}

static bool address_parse(const char *text, uint8_t address[16], uint8_t *family) {
    *family = strchr(text, ':') ? FLOW_IPV6 : FLOW_IPV4;
    return inet_pton(*family == FLOW_IPV4 ? AF_INET : AF_INET6, text, address) == 1;
}

#define SECONDS_MAX (INT64_MAX / 1000000)

static bool exporter_read(struct state_reader *reader) {
    struct message_source source = {.transport = MESSAGE_UDP};
    const struct prefixes *allow = reader->decoder->config.allow;
    const char *word;
    uint64_t port, first, heard;
    bool established;
    if (!word_read(reader, &word) || !address_parse(word, source.address, &source.family) ||
        !number_read(reader, UINT16_MAX, &port) || !choice_read(reader, "new", "established", &established) ||
        !number_read(reader, SECONDS_MAX, &first) || !number_read(reader, SECONDS_MAX, &heard))
        return false;
    source.port = (uint16_t)port;
    reader->has_session = true;
    reader->has_domain = false;
    reader->session = NULL;
    reader->domain = NULL;
    if (reader->take && (!allow || prefixes_find(allow, source.family, source.address)))
        reader->session = session_restore(&reader->decoder->sessions, &source, established, (int64_t)first * 1000000,
                                          (int64_t)heard * 1000000);
    return true;
}

static bool domain_read(struct state_reader *reader) {
    struct domain_key key = {.id = 0};
    const char *agent;
    uint64_t protocol, id, next, behind, last, rate, boot;
    bool has_next, has_boot;
    if (!reader->has_session || !number_read(reader, UINT8_MAX, &protocol) || !number_read(reader, UINT32_MAX, &id) ||
        !word_read(reader, &agent) || !number_or_none(reader, UINT32_MAX, &has_next, &next) ||
        !number_read(reader, 1, &behind) || !number_read(reader, UINT32_MAX, &last) ||
        !number_read(reader, UINT32_MAX, &rate) || !number_or_none(reader, INT64_MAX, &has_boot, &boot))
        return false;
    key.protocol = (uint8_t)protocol;
    key.id = (uint32_t)id;
    if (protocol == 0 && !address_parse(agent, key.agent, &key.family)) return false;
    reader->has_domain = true;
    reader->domain = NULL;
    if (!reader->session) return true;
    struct domain *domain = decoder_domain(reader->decoder, reader->session, &key);
    reader->domain = domain;
    if (!domain) return true;
    domain->sequence =
        (struct sequence){.known = has_next, .behind = behind == 1, .next = (uint32_t)next, .last = (uint32_t)last};
    domain->rate = (uint32_t)rate;
    domain->has_boot = has_boot;
    domain->boot_us = (int64_t)boot;
    return true;
}

static bool field_read(char *word, struct field_specifier *field) {
    uint64_t numbers[3];
    static const uint64_t max[3] = {UINT32_MAX, INT16_MAX, UINT16_MAX};
    char *state = NULL;
    for (unsigned i = 0; i < 3; i++) {
        const char *part = strtok_r(i == 0 ? word : NULL, ".", &state);
        if (!part || !word_number(part, max[i], &numbers[i])) return false;
    }
    *field = (struct field_specifier){(uint32_t)numbers[0], (uint16_t)numbers[1], (uint16_t)numbers[2]};
    return field->length > 0 && *state == '\0';
}

static bool template_read(struct state_reader *reader) {
    struct field_specifier fields[DATA_RECORD_FIELDS_MAX];
    unsigned n = 0;
    uint64_t id, sent;
    bool options;
    if (!reader->has_domain || !number_read(reader, UINT16_MAX, &id) || id < 256 ||
        !choice_read(reader, "data", "options", &options) || !number_read(reader, SECONDS_MAX, &sent))
        return false;
    for (char *word; (word = strtok_r(NULL, " ", &reader->rest)); n++)
        if (n == DATA_RECORD_FIELDS_MAX || !field_read(word, &fields[n])) return false;
    if (n == 0) return false;
    int64_t sent_us = (int64_t)sent * 1000000;
    if (!reader->domain || reader->now_us - sent_us > reader->decoder->config.template_lifetime_us) return true;
    if (template_take(&reader->decoder->sessions, reader->domain, (uint16_t)id, options, fields, n, sent_us) ==
        TEMPLATE_NEW)
        reader->decoder->counters.templates++;
    return true;
}

static bool rate_read(struct state_reader *reader) {
    uint64_t key, rate;
    if (!reader->has_domain || !number_read(reader, UINT64_MAX, &key) || !number_read(reader, UINT32_MAX, &rate))
        return false;
    if (reader->domain) (void)rate_take(&reader->decoder->sessions, reader->domain, key, (uint32_t)rate);
    return true;
}

static bool of_exporter_read(struct state_reader *reader) {
    if (!reader->has_domain) return false;
    if (reader->domain) domain_tells_exporter(&reader->decoder->sessions, reader->domain);
    return true;
}

static const struct {
    const char *word;
    bool (*read)(struct state_reader *reader);
} lines[] = {{"exporter", exporter_read},
             {"domain", domain_read},
             {"template", template_read},
             {"rate", rate_read},
             {"of-exporter", of_exporter_read}};

static bool line_read(struct state_reader *reader, char *line) {
    const char *word = strtok_r(line, " ", &reader->rest);
    for (unsigned i = 0; word && i < sizeof lines / sizeof lines[0]; i++)
        if (strcmp(word, lines[i].word) == 0) return lines[i].read(reader) && !strtok_r(NULL, " ", &reader->rest);
    return false;
}

/* The number of the line at fault, counted behind the first; 0: there is none. */
static unsigned lines_read(struct state_reader *reader, const char *text, size_t len) {
    char *copy = mem_strndup(text, len), *state = NULL;
    unsigned n = 0, fault = 0;
    reader->session = NULL;
    reader->domain = NULL;
    reader->has_session = reader->has_domain = false;
    for (char *line = strtok_r(copy, "\n", &state); line && !fault; line = strtok_r(NULL, "\n", &state)) {
        n++;
        if (!line_read(reader, line)) fault = n;
    }
    free(copy);
    return fault;
}

int message_state_read(struct message_decoder *decoder, const char *text, size_t len, int64_t now_us,
                       struct error *error) {
    struct state_reader reader = {.decoder = decoder, .now_us = now_us};
    size_t head = strlen(HEAD);
    char end[END_BYTES + 1];
    if (len < head + END_BYTES || memcmp(text, HEAD, head) != 0)
        return error_set(error, "does not start with '%.*s', or is truncated", (int)head - 1, HEAD);
    snprintf(end, sizeof end, "end %016" PRIx64 "\n", (uint64_t)XXH3_64bits(text, len - END_BYTES));
    if (memcmp(text + len - END_BYTES, end, END_BYTES) != 0)
        return error_set(error, "damaged: the last line is not the hash of the others");
    decoder->now_us = now_us;
    unsigned fault = lines_read(&reader, text + head, len - head - END_BYTES);
    if (fault > 0) return error_set(error, "line %u is invalid", fault + 1);
    reader.take = true;
    (void)lines_read(&reader, text + head, len - head - END_BYTES);
    decoder->restored = true;
    return 0;
}
