/* XML by expat, which calls back, into a tree, which can be walked. */
#include "tool/convert/xml_tree.h"

#include <expat.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"

struct building {
    XML_Parser parser;
    struct xml_node *root, *open;
    unsigned depth;
    /* The text of every element on the way to the open one; an element's is whole when it ends. */
    struct buffer texts[XML_DEPTH_MAX];
};

/* expat 2.9 deprecates the call that older ones have. */
static unsigned line_number(XML_Parser parser) {
#if XML_MAJOR_VERSION > 2 || (XML_MAJOR_VERSION == 2 && XML_MINOR_VERSION >= 9)
    return (unsigned)XML_GetCurrentLineNumber64(parser);
#else
    return (unsigned)XML_GetCurrentLineNumber(parser);
#endif
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes) {
    struct building *building = context;
    if (building->depth == XML_DEPTH_MAX) {
        XML_StopParser(building->parser, XML_FALSE);
        return;
    }
    struct xml_node *node = mem_zalloc(1, sizeof *node), *parent = building->open;
    node->name = mem_strdup(name);
    node->text = mem_strdup("");
    node->line = line_number(building->parser);
    for (; attributes[0] && node->n_attributes < XML_ATTRIBUTES_MAX; attributes += 2) {
        node->attributes[node->n_attributes].name = mem_strdup(attributes[0]);
        node->attributes[node->n_attributes++].value = mem_strdup(attributes[1]);
    }
    node->parent = parent;
    if (!parent)
        building->root = node;
    else if (parent->last)
        parent->last = parent->last->next = node;
    else
        parent->first = parent->last = node;
    building->open = node;
    buffer_clear(&building->texts[building->depth++]);
}

static void XMLCALL on_text(void *context, const XML_Char *text, int len) {
    struct building *building = context;
    if (building->depth > 0) buffer_add(&building->texts[building->depth - 1], text, (size_t)len);
}

/* Without the white space around it; runs of it, and control characters, are one blank. */
static char *text_plain(const struct buffer *text) {
    char *plain = mem_alloc(text->len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text->len; i++) {
        unsigned char c = (unsigned char)text->data[i];
        if (c > ' ' && c != 0x7f)
            plain[len++] = (char)c;
        else if (len > 0 && plain[len - 1] != ' ')
            plain[len++] = ' ';
    }
    if (len > 0 && plain[len - 1] == ' ') len--;
    plain[len] = '\0';
    return plain;
}

static void XMLCALL on_end(void *context, const XML_Char *name) {
    struct building *building = context;
    (void)name;
    free(building->open->text);
    building->open->text = text_plain(&building->texts[--building->depth]);
    building->open = building->open->parent;
}

struct xml_node *xml_parse(const char *text, size_t len, struct error *error) {
    struct building building = {.parser = XML_ParserCreate(NULL)};
    if (!building.parser) abort();
    XML_SetUserData(building.parser, &building);
    XML_SetElementHandler(building.parser, on_start, on_end);
    XML_SetCharacterDataHandler(building.parser, on_text);
    bool good = len <= INT_MAX && XML_Parse(building.parser, text, (int)len, 1) == XML_STATUS_OK;
    if (!good) {
        enum XML_Error code = XML_GetErrorCode(building.parser);
        error_set(error, "line %u: %s", line_number(building.parser),
                  code == XML_ERROR_ABORTED ? "elements in each other too deep" : XML_ErrorString(code));
        xml_free(building.root);
        building.root = NULL;
    }
    for (unsigned i = 0; i < XML_DEPTH_MAX; i++)
        buffer_release(&building.texts[i]);
    XML_ParserFree(building.parser);
    return building.root;
}

void xml_free(struct xml_node *root) {
    if (!root) return;
    for (struct xml_node *child = root->first, *next; child; child = next) {
        next = child->next;
        xml_free(child);
    }
    for (unsigned i = 0; i < root->n_attributes; i++) {
        free(root->attributes[i].name);
        free(root->attributes[i].value);
    }
    free(root->name);
    free(root->text);
    free(root);
}

const char *xml_attribute(const struct xml_node *node, const char *name) {
    for (unsigned i = 0; i < node->n_attributes; i++)
        if (strcmp(node->attributes[i].name, name) == 0) return node->attributes[i].value;
    return NULL;
}

const struct xml_node *xml_child(const struct xml_node *node, const char *name) {
    for (const struct xml_node *child = node->first; child; child = child->next)
        if (strcmp(child->name, name) == 0) return child;
    return NULL;
}

const char *xml_child_text(const struct xml_node *node, const char *name) {
    const struct xml_node *child = xml_child(node, name);
    return child ? child->text : NULL;
}
