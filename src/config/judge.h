/* Whether what was changed still lets the instance hear those that it is to be reached by: peers on the management path that were
 * alive before, and whose sections did not change. */
#ifndef CONFIG_JUDGE_H
#define CONFIG_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

enum { JUDGE_WAIT_S = 30, JUDGE_SILENT_S = 60, JUDGE_LOOK_S = 5, JUDGE_ANSWER_S = 30 };

enum judge_verdict {
	JUDGE_HEARD,   /* one of them; or there was none to hear */
	JUDGE_SILENT,  /* none of them, for JUDGE_WAIT_S after the change */
	JUDGE_UNKNOWN, /* the management service does not answer, or began anew since the change */
	JUDGE_INTERRUPTED,
};

/* Waits for one of them; the management path sends echo requests meanwhile. count: of them; why: in words, of what is not known. */
enum judge_verdict judge_wait(const char *run_dir, unsigned *count, const char **why);

/* One was heard since the change, and none for JUDGE_SILENT_S by now. False when no one can tell. It waits for a service that hangs: who asks
 * ends it when there was no answer for JUDGE_ANSWER_S. */
bool judge_is_lost(const char *run_dir);

#endif
