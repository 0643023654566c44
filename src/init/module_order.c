#include "init/module_order.h"

#include <errno.h>

#include "init/module_index.h"

enum { DEPTH_MAX = 4, NAME_LEN = 64 };

struct loading {
	const struct module_texts *texts;
	module_insert_fn *insert;
	void *arg;
	int depth; /* soft dependencies may lead in a circle */
	int alias_err;
};

static int load(struct loading *loading, struct slice name);

/* Several can do it (crc32c by instruction or by table): one that works is enough. */
static void load_for_alias(void *arg, struct slice name)
{
	struct loading *loading = arg;
	int before = loading->alias_err, err = load(loading, name);

	loading->alias_err = !err || before == -ENOENT ? err : before;
}

static void load_wanted(void *arg, struct slice name)
{
	(void)load(arg, name);
}

static int insert_one(struct loading *loading, struct slice path)
{
	struct slice name = module_of_path(path);
	int err;

	module_soft_each(loading->texts->softdep, name, "pre:", load_wanted, loading);
	err = loading->insert(loading->arg, path);
	if (!err)
		module_soft_each(loading->texts->softdep, name, "post:", load_wanted, loading);
	return err;
}

static bool last_word(struct slice *rest, struct slice *word)
{
	size_t start;

	*rest = slice_trim(*rest);
	for (start = rest->len; start > 0 && rest->ptr[start - 1] != ' '; start--)
		continue;
	*word = (struct slice){ rest->ptr + start, rest->len - start };
	rest->len = start;
	return word->len > 0;
}

static int load_known(struct loading *loading, struct slice path, struct slice needs)
{
	struct slice need;

	/* What is needed by all the others stands last. */
	while (last_word(&needs, &need)) {
		int err = insert_one(loading, need);

		if (err < 0)
			return err;
	}
	return insert_one(loading, path);
}

static int load_alias(struct loading *loading, struct slice name)
{
	int outer = loading->alias_err, err;
	char text[NAME_LEN];

	if (slice_copy(name, text, sizeof(text)) < 0)
		return -ENOENT;
	loading->alias_err = -ENOENT;
	module_alias_each(loading->texts->alias, text, load_for_alias, loading);
	err = loading->alias_err;
	loading->alias_err = outer;
	return err;
}

static int load(struct loading *loading, struct slice name)
{
	struct slice path, needs;
	int err;

	if (loading->depth == DEPTH_MAX)
		return -ELOOP;
	loading->depth++;
	if (module_find(loading->texts->dep, name, &path, &needs))
		err = load_known(loading, path, needs);
	else if (module_is_builtin(loading->texts->builtin, name))
		err = 0;
	else
		err = load_alias(loading, name);
	loading->depth--;
	return err;
}

int module_load(const struct module_texts *texts, struct slice name, module_insert_fn *insert, void *arg)
{
	struct loading loading = { .texts = texts, .insert = insert, .arg = arg };

	return load(&loading, name);
}
