/* What devices say of themselves, bounded and fair among them, to and from a file. */
#include "names/learned.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"
#include "names/line.h"
#include "names/text.h"

enum {
    PLACES = 16384,
    EXPORTER_PLACES = 4096,
    SHARE = 8,       /* of the limit: an exporter's part */
    SILENCE_S = 600, /* counters that come further apart say nothing of an hour */
};

/* What lines of names may say: more is nonsense. */
#define SPEED_MAX UINT64_C(1000000000000000)
#define OCTETS_MAX UINT64_C(999999999999999999)

struct exporter;

struct entry {
    TAILQ_ENTRY(entry) by_age; /* of the exporter: said last comes first */
    struct entry *chain;       /* of the hash table */
    struct exporter *exporter;
    struct learned_about about; /* hashed and compared as bytes */
    char *name, *description;   /* NULL: nothing was said */
    uint64_t speed;
    /* counters */
    uint64_t in, out; /* as they came last */
    uint32_t heard;   /* when; 0: never */
    bool is_whole;    /* all of the hour so far is in the sums */
    uint32_t hour;    /* of the sums */
    uint64_t hour_in, hour_out;
    uint32_t counted; /* the last whole hour; 0: none yet */
    uint64_t counted_in, counted_out;
};

TAILQ_HEAD(entries, entry);

struct exporter {
    TAILQ_ENTRY(exporter) by_silence;
    struct exporter *chain; /* of the hash table */
    uint8_t family, address[16];
    size_t bytes;
    struct entries entries;
};

struct learned {
    TAILQ_HEAD(exporters, exporter) exporters; /* heard last come first */
    struct entry *places[PLACES];              /* by hash, both */
    struct exporter *exporter_places[EXPORTER_PLACES];
    size_t bytes, limit;
    uint64_t seed, version;
};

_Static_assert(sizeof(struct entry) <= LEARNED_ENTRY_BYTES, "the stated bound of memory");

struct learned *learned_new(size_t limit, uint64_t seed) {
    struct learned *learned = mem_zalloc(1, sizeof *learned);
    TAILQ_INIT(&learned->exporters);
    learned->limit = limit;
    learned->seed = seed;
    return learned;
}

size_t learned_bytes(const struct learned *learned) { return learned->bytes; }
uint64_t learned_version(const struct learned *learned) { return learned->version; }

/* Entries
 * ----------------------------------------------------------------------------------------------------------------- */

static size_t text_bytes(const char *text) { return text ? strlen(text) + 1 : 0; }

static void bytes_count(struct learned *learned, struct exporter *exporter, size_t more, size_t less) {
    exporter->bytes += more - less;
    learned->bytes += more - less;
}

static struct entry **place_of(struct learned *learned, const struct learned_about *about) {
    struct entry **link = &learned->places[XXH3_64bits_withSeed(about, sizeof *about, learned->seed) % PLACES];
    while (*link && memcmp(&(*link)->about, about, sizeof *about) != 0)
        link = &(*link)->chain;
    return link;
}

/* The link to the exporter of this family and address, or to where it would be. */
static struct exporter **exporter_place(struct learned *learned, uint8_t family, const uint8_t *address) {
    struct exporter **link =
        &learned->exporter_places[XXH3_64bits_withSeed(address, 16, learned->seed + family) % EXPORTER_PLACES];
    while (*link && ((*link)->family != family || memcmp((*link)->address, address, 16) != 0))
        link = &(*link)->chain;
    return link;
}

static void entry_drop(struct learned *learned, struct entry *entry) {
    struct exporter *exporter = entry->exporter;
    struct entry **link = place_of(learned, &entry->about);
    *link = entry->chain;
    TAILQ_REMOVE(&exporter->entries, entry, by_age);
    bytes_count(learned, exporter, 0, LEARNED_ENTRY_BYTES + text_bytes(entry->name) + text_bytes(entry->description));
    free(entry->name);
    free(entry->description);
    free(entry);
    if (!TAILQ_EMPTY(&exporter->entries)) return;
    TAILQ_REMOVE(&learned->exporters, exporter, by_silence);
    *exporter_place(learned, exporter->family, exporter->address) = exporter->chain;
    free(exporter);
}

void learned_free(struct learned *learned) {
    struct exporter *exporter;
    if (!learned) return;
    while ((exporter = TAILQ_FIRST(&learned->exporters)))
        entry_drop(learned, TAILQ_FIRST(&exporter->entries));
    free(learned);
}

static struct exporter *exporter_of(struct learned *learned, const struct learned_about *about) {
    struct exporter **link = exporter_place(learned, about->family, about->exporter), *exporter = *link;
    if (exporter) return exporter;
    *link = exporter = mem_zalloc(1, sizeof *exporter);
    exporter->family = about->family;
    memcpy(exporter->address, about->exporter, sizeof exporter->address);
    TAILQ_INIT(&exporter->entries);
    TAILQ_INSERT_HEAD(&learned->exporters, exporter, by_silence);
    return exporter;
}

/* Found or made, and the last to give way. */
static struct entry *entry_of(struct learned *learned, const struct learned_about *about) {
    struct entry **link = place_of(learned, about), *entry = *link;
    if (!entry) {
        *link = entry = mem_zalloc(1, sizeof *entry);
        entry->about = *about;
        entry->exporter = exporter_of(learned, about);
        bytes_count(learned, entry->exporter, LEARNED_ENTRY_BYTES, 0);
        learned->version++;
    } else {
        TAILQ_REMOVE(&entry->exporter->entries, entry, by_age);
    }
    TAILQ_INSERT_HEAD(&entry->exporter->entries, entry, by_age);
    TAILQ_REMOVE(&learned->exporters, entry->exporter, by_silence);
    TAILQ_INSERT_HEAD(&learned->exporters, entry->exporter, by_silence);
    return entry;
}

/* The one just noted is the last to go, and fits: texts are short. */
static void room_make(struct learned *learned, struct exporter *noted) {
    while (noted->bytes > learned->limit / SHARE &&
           TAILQ_FIRST(&noted->entries) != TAILQ_LAST(&noted->entries, entries))
        entry_drop(learned, TAILQ_LAST(&noted->entries, entries));
    while (learned->bytes > learned->limit) {
        struct exporter *silent = TAILQ_LAST(&learned->exporters, exporters);
        if (silent == noted) break;
        entry_drop(learned, TAILQ_LAST(&silent->entries, entries));
    }
}

/* What is said
 * ----------------------------------------------------------------------------------------------------------------- */

static void text_note(struct learned *learned, struct entry *entry, char **place, const uint8_t *bytes, size_t len) {
    char text[NAMES_TEXT_MAX + 1];
    if (!bytes || text_clean(bytes, len, text) == 0 || (*place && strcmp(*place, text) == 0)) return;
    bytes_count(learned, entry->exporter, text_bytes(text), text_bytes(*place));
    free(*place);
    *place = mem_strdup(text);
    learned->version++;
}

/* The part of what was counted between two moments that is of the time before `middle`. */
static uint64_t part_before(uint64_t counted, uint32_t begin, uint32_t middle, uint32_t end) {
    return (uint64_t)((unsigned __int128)counted * (middle - begin) / (end - begin));
}

static void counters_note(struct learned *learned, struct entry *entry, uint64_t in, uint64_t out, uint32_t second) {
    uint32_t hour = second - second % LEARNED_HOUR, before = entry->heard;
    bool goes_on = before && second >= before && second - before <= SILENCE_S && in >= entry->in && out >= entry->out &&
                   in - entry->in <= OCTETS_MAX && out - entry->out <= OCTETS_MAX;
    uint64_t more_in = goes_on ? in - entry->in : 0, more_out = goes_on ? out - entry->out : 0;
    if (goes_on && hour != entry->hour) { /* the next one: hours are longer than the silence */
        uint64_t old_in = part_before(more_in, before, hour, second),
                 old_out = part_before(more_out, before, hour, second);
        if (entry->is_whole && entry->hour_in + old_in <= OCTETS_MAX && entry->hour_out + old_out <= OCTETS_MAX) {
            entry->counted = entry->hour;
            entry->counted_in = entry->hour_in + old_in;
            entry->counted_out = entry->hour_out + old_out;
            learned->version++;
        }
        more_in -= old_in;
        more_out -= old_out;
        entry->hour_in = entry->hour_out = 0;
        entry->is_whole = true;
    } else if (!goes_on) {
        entry->hour_in = entry->hour_out = 0;
        entry->is_whole = second == hour;
    }
    entry->hour = hour;
    entry->hour_in += more_in;
    entry->hour_out += more_out;
    if (entry->hour_in > OCTETS_MAX || entry->hour_out > OCTETS_MAX) {
        entry->is_whole = false;
        entry->hour_in = entry->hour_out = 0;
    }
    entry->in = in;
    entry->out = out;
    entry->heard = second;
}

void learned_note(struct learned *learned, const struct learned_about *about, const struct learned_say *say,
                  uint32_t second) {
    struct entry *entry = entry_of(learned, about);
    text_note(learned, entry, &entry->name, say->name, say->name_len);
    text_note(learned, entry, &entry->description, say->description, say->description_len);
    if (say->speed && say->speed <= SPEED_MAX && say->speed != entry->speed) {
        entry->speed = say->speed;
        learned->version++;
    }
    if (say->has_counters) counters_note(learned, entry, say->in, say->out, second);
    room_make(learned, entry->exporter);
}

/* The file
 * ----------------------------------------------------------------------------------------------------------------- */

static void text_write(struct buffer *out, const char *word, const char *text) {
    if (!text) return;
    buffer_printf(out, " %s=\"", word);
    for (; *text; text++)
        buffer_printf(out, *text == '"' ? "\"\"" : "%c", *text);
    buffer_add_text(out, "\"");
}

static void entry_write(const struct entry *entry, struct buffer *out) {
    char address[INET6_ADDRSTRLEN];
    const struct learned_about *about = &entry->about;
    if (!entry->name && !entry->description && !entry->speed && !entry->counted) return;
    inet_ntop(about->family == FLOW_IPV4 ? AF_INET : AF_INET6, about->exporter, address, sizeof address);
    buffer_printf(out, "%s %s %s source=%s", name_kind_names[about->kind], address, about->id,
                  name_source_names[about->source]);
    text_write(out, "name", entry->name);
    text_write(out, "description", entry->description);
    if (entry->speed) buffer_printf(out, " speed=%" PRIu64, entry->speed);
    if (entry->counted)
        buffer_printf(out, " counted=%" PRIu32 " in_octets=%" PRIu64 " out_octets=%" PRIu64, entry->counted,
                      entry->counted_in, entry->counted_out);
    buffer_add_text(out, "\n");
}

/* Who gives way first comes first, so that reading leaves the same order. */
void learned_write(const struct learned *learned, struct buffer *out) {
    const struct exporter *exporter, **list = NULL;
    uint32_t n = 0, size = 0;
    buffer_add_text(out, "# What exporters say of themselves. flowimportd replaces this file; names of your own belong "
                         "into the files of [names].\n");
    TAILQ_FOREACH(exporter, &learned->exporters, by_silence) {
        list = mem_grow(list, n, &size, sizeof *list);
        list[n++] = exporter;
    }
    while (n > 0) {
        const struct entry *entry;
        TAILQ_FOREACH_REVERSE(entry, &list[--n]->entries, entries, by_age) { entry_write(entry, out); }
    }
    free(list);
}

static bool line_note(struct learned *learned, char *text, size_t len, uint32_t second) {
    struct line line;
    struct error error;
    struct learned_about about = {.kind = NAMED_INTERFACE};
    struct learned_say say = {.speed = 0};
    if (line_parse(&line, text, len, &error) != 0) return false;
    if (line.kind == LINE_EMPTY) return true;
    if (line.source == NAMED_BY_FILE || line.kind < LINE_INTERFACE) return false;
    about.family = line.address.family;
    about.source = line.source;
    memcpy(about.exporter, line.address.bytes, sizeof about.exporter);
    memcpy(about.id, line.id, sizeof about.id);
    if (line.kind == LINE_APPLICATION) about.kind = NAMED_APPLICATION;
    if (line.kind == LINE_VRF) about.kind = NAMED_VRF;
    for (unsigned i = 0; i < line.n_words; i++) {
        const struct line_word *word = &line.words[i];
        bool is_name = strcmp(word->name, "name") == 0, is_description = strcmp(word->name, "description") == 0;
        if (is_name) say.name = (const uint8_t *)word->value;
        if (is_name) say.name_len = word->len;
        if (is_description) say.description = (const uint8_t *)word->value;
        if (is_description) say.description_len = word->len;
    }
    say.speed = line.speed;
    learned_note(learned, &about, &say, second);
    if (!line.counted) return true;
    struct entry *entry = *place_of(learned, &about);
    entry->counted = line.counted;
    entry->counted_in = line.in;
    entry->counted_out = line.out;
    return true;
}

unsigned learned_read(struct learned *learned, const char *text, size_t len, uint32_t second) {
    unsigned bad = 0;
    for (const char *at = text, *end = text + len; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((stop ? stop : end) - at);
        char line[NAMES_LINE_MAX + 1];
        if (n <= NAMES_LINE_MAX) {
            memcpy(line, at, n);
            line[n] = '\0';
        }
        bad += n > NAMES_LINE_MAX || !line_note(learned, line, n, second);
        at += n + (stop != NULL);
    }
    return bad;
}
