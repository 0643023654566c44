#include "base/plan_line.h"

static const char *const kinds[PLAN_KINDS] = {
	[PLAN_NICS] = "nics",
	[PLAN_PEER] = "peer",
	[PLAN_ENV] = "env",
	[PLAN_PATH] = "path",
};

const char *plan_kind_word(enum plan_kind kind)
{
	return kinds[kind];
}

enum plan_kind plan_line_read(struct slice line, struct slice *words)
{
	struct slice rest = line, word;
	enum plan_kind kind = PLAN_KINDS;

	if (slice_cut(&rest, '\t', &word) && rest.ptr)
		kind = (enum plan_kind)slice_among(word, kinds, PLAN_KINDS);
	*words = kind == PLAN_KINDS ? line : rest;
	return kind;
}
