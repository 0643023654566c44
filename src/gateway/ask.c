#include "gateway/ask.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/here.h"
#include "control/client.h"

void ask_both(const char *run_dir, char *const words[], unsigned silence_ms, struct ask asked[static PROFILES])
{
	char path[CONTROL_PATH_LEN];
	int argc = 0;

	while (words[argc])
		argc++;
	for (int i = 0; i < PROFILES; i++) {
		asked[i].answer = memfd_create("answer", MFD_CLOEXEC);
		asked[i].fd = control_path(path, run_dir, profiles[i].name);
		if (!asked[i].fd)
			asked[i].fd = control_begin(path, argc, words, silence_ms);
	}
	for (int i = 0; i < PROFILES; i++)
		asked[i].status = asked[i].fd < 0 ? asked[i].fd :
			control_finish(asked[i].fd, silence_ms, asked[i].answer, asked[i].answer);
}

struct slice ask_answer(struct ask *asked, char text[static ASK_ANSWER_MAX])
{
	ssize_t n = asked->answer < 0 ? -1 : pread(asked->answer, text, ASK_ANSWER_MAX, 0);

	if (asked->answer >= 0)
		close(asked->answer);
	return (struct slice){ text, n > 0 ? (size_t)n : 0 };
}

void ask_print_no_peer(const char *name, bool silent)
{
	if (silent)
		printf("no service that answers has a peer %s, and not both of them answer\n", name);
	else
		printf("no peer that runs is called %s: `%s` has each\n", name, here_is_appliance() ? "show all" : NAME_MANAGEMENT " show");
}

void ask_overview(struct overview *overview, const char *run_dir)
{
	static char text[ASK_ANSWER_MAX];
	static char verb[] = "show", option[] = "--lines";
	char *const words[] = { verb, option, NULL };
	struct ask asked[PROFILES];
	char absent[CONTROL_WHY_LEN];

	*overview = (struct overview){ .peer_count = 0 };
	ask_both(run_dir, words, ASK_SILENCE_MS, asked);
	for (unsigned i = 0; i < PROFILES; i++) {
		struct slice answer = ask_answer(&asked[i], text);
		const char *why = asked[i].status < 0 ? control_why(asked[i].status, run_dir, profiles[i].name, absent) :
							   "the service is of another release";

		if (asked[i].status >= 0 && overview_read(overview, i, answer))
			continue;
		overview->paths[i].answered = false;
		text_format(overview->paths[i].reason, sizeof(overview->paths[i].reason), "%s%s%s%s", why,
			    here_is_appliance() ? ". `boot` and `log " : "", here_is_appliance() ? profiles[i].name : "",
			    here_is_appliance() ? "` tell more" : "");
	}
}
