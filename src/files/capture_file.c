/* A file's contents, read in large pieces and cut into frames. */
#include "files/capture_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { PIECE = 1 << 18 };

struct capture_file {
    struct contents *contents;
    capture_file_fn *each;
    void *context;
    struct capture_format *format;
    uint8_t *bytes; /* [at, end) have not been looked at */
    size_t at, end, size;
    bool cut;         /* the last frame is not there whole */
    size_t skip;      /* bytes to be passed over behind the end; then there are none before it */
    int64_t position; /* of bytes[at] in the contents */
    struct capture_damaged damaged[CAPTURE_DAMAGES];
};

int capture_file_is(struct contents *contents, struct error *error) {
    uint8_t magic[CAPTURE_FORMAT_MAGIC] = {0};
    return contents_peek(contents, magic, sizeof magic, error) < 0 ? -1 : capture_format_is(magic);
}

struct capture_file *capture_file_open(struct contents *contents, capture_file_fn *each, void *context) {
    struct capture_file *file = mem_zalloc(1, sizeof *file);
    file->contents = contents;
    file->each = each;
    file->context = context;
    file->format = capture_format_new();
    file->size = PIECE;
    file->bytes = mem_alloc(file->size);
    return file;
}

void capture_file_close(struct capture_file *file) {
    if (!file) return;
    capture_format_free(file->format);
    free(file->bytes);
    free(file);
}

static void forward(struct capture_file *file, size_t bytes) {
    size_t have = file->end - file->at;
    file->position += (int64_t)bytes;
    file->skip = bytes > have ? bytes - have : 0;
    file->at += bytes > have ? have : bytes;
}

bool capture_file_is_cut(const struct capture_file *file) { return file->cut; }

const struct capture_damaged *capture_file_damaged(const struct capture_file *file) { return file->damaged; }

static void damage_count(struct capture_file *file) {
    struct capture_damaged *damaged = &file->damaged[capture_format_damage(file->format)];
    if (damaged->n++ == 0) damaged->first = file->position;
}

/* Every frame that is there whole. *wanted: bytes that the next one has. */
static int frames_give(struct capture_file *file, size_t *wanted, struct error *error) {
    struct capture_frame frame;
    struct error why;
    for (;;) {
        size_t bytes;
        switch (capture_format_next(file->format, file->bytes + file->at, file->end - file->at, &bytes, &frame, &why)) {
        case CAPTURE_FRAME:
            if (file->each(file->context, capture_format_link_type(file->format), &frame, error) != 0) return -1;
            forward(file, bytes);
            break;
        case CAPTURE_DAMAGED: damage_count(file); /* fall through */
        case CAPTURE_SKIP: forward(file, bytes); break;
        case CAPTURE_MORE: *wanted = bytes; return 0;
        case CAPTURE_WRONG:
            return error_set(error, "%s: at byte %" PRId64 ": %s", contents_name(file->contents), file->position,
                             why.text);
        }
    }
}

/* Makes room and reads on, passing over what is to be. Bytes read; 0 at the end. */
static int piece_read(struct capture_file *file, size_t wanted, struct error *error) {
    memmove(file->bytes, file->bytes + file->at, file->end - file->at);
    file->end -= file->at;
    file->at = 0;
    if (file->size < wanted) {
        file->size = wanted + PIECE;
        file->bytes = mem_realloc(file->bytes, file->size, 1);
    }
    int n = contents_read(file->contents, file->bytes + file->end, (unsigned)(file->size - file->end), error);
    if (n <= 0) return n;
    file->end += (size_t)n;
    if (file->skip) { /* then nothing was left */
        size_t skipped = file->skip < file->end ? file->skip : file->end;
        file->skip -= skipped;
        file->at = skipped;
    }
    return n;
}

int capture_file_read(struct capture_file *file, struct error *error) {
    size_t wanted = 1;
    int n = frames_give(file, &wanted, error);
    if (n == 0) n = piece_read(file, wanted, error);
    if (n > 0) return 1;
    file->cut = n == 0 ? file->end > file->at || file->skip : contents_is_cut(file->contents);
    if (n == 0 && file->cut)
        return error_set(error, "%s: at byte %" PRId64 ": truncated within a frame", contents_name(file->contents),
                         file->position);
    return n;
}
