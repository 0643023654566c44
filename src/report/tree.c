#include "report/tree.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

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

/* How many bytes the character at text has, 0: they are not UTF-8 (RFC 3629). Its code into *code. */
static size_t char_at(const unsigned char *text, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 }; /* by bytes: shorter forms alone are UTF-8 */
	size_t len = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;

	*code = len == 1 ? text[0] : text[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text[i] & 0x3f);
	}
	if ((text[0] >= 0x80 && text[0] < 0xc0) || text[0] >= 0xf8 || *code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

/* text as it may be shown, into dst, which holds CLEAN_GROWS times its bytes: its length. */
enum { CLEAN_GROWS = 3 };

static size_t clean(const char *text, char *dst)
{
	size_t len = 0, n;
	uint32_t code;

	for (const unsigned char *at = (const unsigned char *)text; *at; at += n ? n : 1) {
		n = char_at(at, &code);
		if (n && (code < ' ' || (code >= 0x7f && code < 0xa0)))
			continue;
		memcpy(dst + len, n ? (const char *)at : REPLACEMENT, n ? n : sizeof(REPLACEMENT) - 1);
		len += n ? n : sizeof(REPLACEMENT) - 1;
	}
	dst[len] = '\0';
	return len;
}

uint32_t report_add_text(struct report_tree *tree, uint32_t parent, const char *name, const char *text)
{
	size_t room = CLEAN_GROWS * strlen(text) + 1;
	void *all = tree->text;
	uint32_t node;

	if (!grow(&all, &tree->text_cap, tree->text_len, room, 1)) {
		tree->failed = true;
		return 0;
	}
	tree->text = all;
	node = report_add(tree, parent, name, REPORT_TEXT);
	if (!node)
		return 0;
	tree->nodes[node].number = (int64_t)tree->text_len;
	tree->text_len += clean(text, tree->text + tree->text_len) + 1;
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
