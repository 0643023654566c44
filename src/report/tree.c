#include "report/tree.h"

#include <stdlib.h>
#include <string.h>

/* Room for more of size each behind count. Not realloc, which would leave a private key behind. */
static bool grow(void **items, size_t *cap, size_t count, size_t more, size_t size)
{
	size_t wanted = *cap ? *cap : 256;
	void *larger;

	if (count + more <= *cap)
		return true;
	while (wanted < count + more)
		wanted *= 2;
	larger = calloc(wanted, size);
	if (!larger)
		return false;
	if (*items) {
		memcpy(larger, *items, count * size);
		explicit_bzero(*items, count * size);
		free(*items);
	}
	*items = larger;
	*cap = wanted;
	return true;
}

void report_clear(struct report_tree *tree)
{
	if (tree->text)
		explicit_bzero(tree->text, tree->text_len);
	tree->count = tree->text_len = 0;
	tree->failed = false;
}

void report_free(struct report_tree *tree)
{
	report_clear(tree);
	free(tree->nodes);
	free(tree->text);
	*tree = (struct report_tree){ 0 };
}

static uint32_t new_node(struct report_tree *tree, const char *name, enum report_kind kind)
{
	void *nodes = tree->nodes;

	if (!grow(&nodes, &tree->cap, tree->count, 1, sizeof(*tree->nodes))) {
		tree->failed = true;
		return 0;
	}
	tree->nodes = nodes;
	tree->nodes[tree->count] = (struct report_node){ .name = name, .kind = kind };
	return (uint32_t)tree->count++;
}

uint32_t report_add(struct report_tree *tree, uint32_t parent, const char *name, enum report_kind kind)
{
	struct report_node *above;
	uint32_t node;

	if (!tree->count)
		(void)new_node(tree, NULL, REPORT_OBJECT);
	if (tree->failed)
		return 0;
	node = new_node(tree, name, kind);
	if (!node)
		return 0;
	above = &tree->nodes[parent];
	if (above->last)
		tree->nodes[above->last].next = node;
	else
		above->first = node;
	above->last = node;
	return node;
}

uint32_t report_add_text(struct report_tree *tree, uint32_t parent, const char *name, const char *text)
{
	size_t len = strlen(text) + 1;
	void *all = tree->text;
	uint32_t node;

	if (!grow(&all, &tree->text_cap, tree->text_len, len, 1)) {
		tree->failed = true;
		return 0;
	}
	tree->text = all;
	node = report_add(tree, parent, name, REPORT_TEXT);
	if (!node)
		return 0;
	memcpy(tree->text + tree->text_len, text, len);
	tree->nodes[node].number = (int64_t)tree->text_len;
	tree->text_len += len;
	return node;
}

uint32_t report_add_number(struct report_tree *tree, uint32_t parent, const char *name, int64_t number)
{
	uint32_t node = report_add(tree, parent, name, REPORT_NUMBER);

	if (node)
		tree->nodes[node].number = number;
	return node;
}

uint32_t report_add_count(struct report_tree *tree, uint32_t parent, const char *name, uint64_t count)
{
	return report_add_number(tree, parent, name, count > INT64_MAX ? INT64_MAX : (int64_t)count);
}

uint32_t report_add_bool(struct report_tree *tree, uint32_t parent, const char *name, bool value)
{
	uint32_t node = report_add(tree, parent, name, REPORT_BOOL);

	if (node)
		tree->nodes[node].number = value;
	return node;
}

const struct report_node *report_root(const struct report_tree *tree)
{
	return tree->count ? tree->nodes : NULL;
}

const struct report_node *report_first(const struct report_tree *tree, const struct report_node *node)
{
	return node && node->first ? &tree->nodes[node->first] : NULL;
}

const struct report_node *report_next(const struct report_tree *tree, const struct report_node *node)
{
	return node->next ? &tree->nodes[node->next] : NULL;
}

const struct report_node *report_find(const struct report_tree *tree, const struct report_node *node, const char *name)
{
	const struct report_node *member = report_first(tree, node);

	while (member && (!member->name || strcmp(member->name, name) != 0))
		member = report_next(tree, member);
	return member;
}

const char *report_text_of(const struct report_tree *tree, const struct report_node *node)
{
	return node && node->kind == REPORT_TEXT ? tree->text + node->number : "";
}

const char *report_text(const struct report_tree *tree, const struct report_node *node, const char *name)
{
	return report_text_of(tree, report_find(tree, node, name));
}

int64_t report_number(const struct report_tree *tree, const struct report_node *node, const char *name)
{
	const struct report_node *member = report_find(tree, node, name);

	return member && (member->kind == REPORT_NUMBER || member->kind == REPORT_BOOL) ? member->number : 0;
}
