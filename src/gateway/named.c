#include "gateway/named.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/control.h"
#include "gateway/gateway.h"
#include "gateway/metrics.h"
#include "gateway/profile.h"

enum { WORDS_MAX = 32, EXIT_USAGE = 2 };

static bool is_here(const struct profile *profile)
{
	char path[CONTROL_PATH_LEN];

	return control_path(path, CONTROL_DIR, profile->name) == 0 && access(path, F_OK) == 0;
}

/* Of files and keys it makes no difference which path's command is meant. */
static bool is_of_either(const char *verb)
{
	return !strcmp(verb, "check") || !strcmp(verb, "wg");
}

int named_main(int argc, char **argv)
{
	const struct profile *profile = NULL;
	char *words[WORDS_MAX + 1] = { NULL };
	int here = 0;

	if (!strcmp(argv[0], "metrics") && argc == 1)
		return metrics_main(CONTROL_DIR);
	for (size_t i = 0; i < PROFILES; i++) {
		if (!is_here(&profiles[i]))
			continue;
		profile = here++ ? profile : &profiles[i];
	}
	if (here > 1 && !is_of_either(argv[0])) {
		(void)fprintf(stderr, "%s: two services run here: `" NAME_MANAGEMENT " %s`, `" NAME_DATAPLANE " %s`\n", argv[0], argv[0],
			      argv[0]);
		return EXIT_USAGE;
	}
	if (argc >= WORDS_MAX)
		return EXIT_USAGE;
	words[0] = (char *)(uintptr_t)(profile ? profile : &profiles[PROFILE_GATEWAY])->name;
	for (int i = 0; i < argc; i++)
		words[i + 1] = argv[i];
	return gateway_main(argc + 1, words);
}
