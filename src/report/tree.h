/* What runs, as a tree of names and values: whoever knows it fills one, whoever prints it asks by name. */
#ifndef REPORT_TREE_H
#define REPORT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum report_kind { REPORT_OBJECT, REPORT_LIST, REPORT_TEXT, REPORT_NUMBER, REPORT_BOOL, REPORT_UNKNOWN };

/* A name with a dot in front is for the printers that ask for it (secrets, what people read in other words): JSON leaves it out. */
struct report_node {
	const char *name; /* borrowed for good; NULL in a list */
	enum report_kind kind;
	uint32_t next, first, last; /* 0: none */
	int64_t number;             /* a text's: where it begins */
};

/* Zeros are an empty tree. Node 0 is its root, an object. Memory that cannot be had is remembered as failed, and what was to be
 * added is left out. */
struct report_tree {
	struct report_node *nodes;
	size_t count, cap;
	char *text;
	size_t text_len, text_cap;
	bool failed;
};

void report_clear(struct report_tree *tree); /* wiped; its memory stays for the next */
void report_free(struct report_tree *tree);

/* Each adds to the object or list parent and returns the node; 0 when it could not. What is in the tree is fit for any printer: of
 * a text, control characters are left out, since they steer the terminal it is shown on or end a column, and what is not UTF-8
 * becomes U+FFFD. */
uint32_t report_add(struct report_tree *tree, uint32_t parent, const char *name, enum report_kind kind);
uint32_t report_add_text(struct report_tree *tree, uint32_t parent, const char *name, const char *text);
uint32_t report_add_number(struct report_tree *tree, uint32_t parent, const char *name, int64_t number);
uint32_t report_add_count(struct report_tree *tree, uint32_t parent, const char *name, uint64_t count);
uint32_t report_add_bool(struct report_tree *tree, uint32_t parent, const char *name, bool value);

/* The members of node, in the order they were added. NULL behind the last. Good until something is added. */
const struct report_node *report_first(const struct report_tree *tree, const struct report_node *node);
const struct report_node *report_next(const struct report_tree *tree, const struct report_node *node);
const struct report_node *report_root(const struct report_tree *tree);
/* NULL: no such member. node may be NULL. */
const struct report_node *report_find(const struct report_tree *tree, const struct report_node *node, const char *name);

/* The value of a member; "" and 0 where there is none or it is of another kind. */
const char *report_text(const struct report_tree *tree, const struct report_node *node, const char *name);
int64_t report_number(const struct report_tree *tree, const struct report_node *node, const char *name);
const char *report_text_of(const struct report_tree *tree, const struct report_node *node);

#endif
