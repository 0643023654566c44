/* The configuration parsers and the check on any bytes, four files with a line of %% between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(void *arg, const char *text)
{
	(void)arg;
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			abort();
}

static struct slice next(struct slice *rest)
{
	static const char separator[] = "\n%%\n"; /* between the files */
	const char *end = rest->len ? memmem(rest->ptr, rest->len, separator, sizeof(separator) - 1) : NULL;
	struct slice part = *rest;

	if (end) {
		part.len = (size_t)(end - rest->ptr);
		rest->len -= part.len + sizeof(separator) - 1;
		rest->ptr = end + sizeof(separator) - 1;
	} else {
		rest->len = 0;
	}
	return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf_set set;
	static struct diag diag;
	static struct conf_facts facts = { .mellanox_where = "" };
	struct slice rest = { (const char *)data, size }, s;

	vpn_conf_init(&set.vpn);
	env_conf_init(&set.env);
	network_conf_init(&set.network);
	diag_clear(&diag, false);
	s = next(&rest);
	vpn_private_parse(&set.vpn, s.ptr, s.len, &diag);
	s = next(&rest);
	vpn_public_parse(&set.vpn, s.ptr, s.len, &diag);
	s = next(&rest);
	env_parse(&set.env, s.ptr, s.len, &diag);
	s = next(&rest);
	network_parse(&set.network, s.ptr, s.len, &diag);
	facts.routes[0] = (struct conf_route){ .destination = { { AF_INET, { 10, 8, 3, 77 } }, 32 },
						.device = "eth0" };
	facts.route_count = 1;
	set.clustered = true;
	conf_set_check(&set, &facts, false, &diag);
	diag_print(&diag, look, NULL);
	return 0;
}
