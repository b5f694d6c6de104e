/* A small XML document as a tree. Bytes in; no I/O. */
#ifndef FLOWIMPORT_TOOL_CONVERT_XML_TREE_H
#define FLOWIMPORT_TOOL_CONVERT_XML_TREE_H

#include <stddef.h>

#include "base/error.h"

enum { XML_DEPTH_MAX = 64, XML_ATTRIBUTES_MAX = 4 };

struct xml_node {      /* an element */
    char *name, *text; /* its text, with one blank for each run of white space; never NULL */
    unsigned line;
    unsigned n_attributes; /* those beyond XML_ATTRIBUTES_MAX are left out */
    struct {
        char *name, *value;
    } attributes[XML_ATTRIBUTES_MAX];
    struct xml_node *parent, *first, *last, *next; /* NULL: none */
};

/* The root, to be freed with xml_free(); NULL with the error naming the line. */
struct xml_node *xml_parse(const char *text, size_t len, struct error *error);
void xml_free(struct xml_node *root);
const char *xml_attribute(const struct xml_node *node, const char *name); /* NULL: it has none */
/* The first child of that name, or NULL; and its text, or NULL. */
const struct xml_node *xml_child(const struct xml_node *node, const char *name);
const char *xml_child_text(const struct xml_node *node, const char *name);

#endif
