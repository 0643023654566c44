#include "config/files.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/wrap.h"
#include "network/facts.h"

static void print_finding(void *arg, const char *text)
{
	(void)arg;
	wrap_print(stderr, text);
}

bool files_load(struct conf_set *set, int dir_fd, char summary[static CONF_SUMMARY_LEN])
{
	static struct conf_facts facts;
	static struct diag diag;
	int err;

	diag_clear(&diag, false);
	conf_set_load(set, dir_fd, &diag);
	err = facts_collect(&facts);
	if (err < 0)
		(void)fprintf(stderr, "routes of this host not known: %s\n", strerror(-err));
	conf_set_check(set, &facts, false, &diag);
	diag_print(&diag, print_finding, NULL);
	(void)fprintf(diag.error_count ? stderr : stdout, "%s\n", conf_set_summary(set, &diag, summary));
	return diag.error_count == 0;
}
