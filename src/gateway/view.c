#include "gateway/view.h"

#include <stdio.h>
#include <unistd.h>

#include "base/row.h"
#include "conf/set.h"
#include "conf/set_pool.h"
#include "conf/view.h"
#include "gateway/operands.h"
#include "network/facts.h"

enum { LINE_NUMBER_MAX = 1 << 24 };

static int print_file(const char *dir, enum conf_file file, unsigned from)
{
	static struct conf_facts facts;
	static struct diag diag;
	int dir_fd = operand_open(dir, "view");
	const struct conf_text *text;
	struct conf_set *set;
	int status;

	if (dir_fd < 0)
		return 1;
	set = set_pool_take();
	text = &set->texts[file];
	conf_set_load(set, dir_fd, &diag);
	close(dir_fd);
	(void)facts_collect(&facts); /* what is not known of this host has no finding */
	conf_set_check(set, &facts, false, &diag);
	if (!text->present)
		(void)fprintf(stderr, "%s: there is none, or it cannot be read\n", conf_file_name(file));
	view_print(file, (struct slice){ text->present ? text->bytes : "", text->present ? text->len : 0 }, from, &diag, row_print,
		   NULL);
	status = !text->present;
	set_pool_give_back(set);
	return status;
}

int view_main(int argc, char **argv)
{
	const char *dir = operand_dir(&argc, argv);
	enum conf_file file;
	uint64_t from = 0;

	if (argc < 2 || argc > 3 || (argc == 3 && text_uint(slice_of(argv[2]), LINE_NUMBER_MAX, &from) < 0) ||
	    !operand_file(argv[1], &file))
		return operand_usage("view FILE [LINE]");
	return print_file(dir, file, (unsigned)from);
}
