/* Whether this boot hands over to a next root, to which one, and when: pure. */
#ifndef INIT_HANDOVER_JUDGE_H
#define INIT_HANDOVER_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum {
	HANDOVER_LABEL_LEN = 64,
	HANDOVER_WORDS_LEN = 224,
	HANDOVER_WAIT_S = 120, /* for what is not over yet, an image's trial aside: that has a time of its own */
};

/* The words of the kernel's command line, the last of which counts, stand above board.conf's. "" and "off" are none: false. What can
 * be no name of a partition is told in words, and is none. */
bool handover_label(struct slice command_line, struct slice board, char label[static HANDOVER_LABEL_LEN],
		    char words[static HANDOVER_WORDS_LEN]);

struct handover_service {
	const char *name;
	bool ready;   /* it said so, and runs */
	bool down;    /* what it stands for was not up when it was ready */
	bool told;    /* its loop turned since */
};

enum { HANDOVER_SERVICES = 3 }; /* NICs, management, dataplane */

struct handover_seen {
	bool offered; /* recovery still is */
	bool tried;   /* an image on trial is not judged yet */
	bool pending, scheduled; /* a change of the configuration */
	bool busy;    /* someone changes the configuration or the ESP at this moment */
	struct handover_service services[HANDOVER_SERVICES];
	uint64_t waited_s; /* since the services began, or the trial ended */
};

enum handover_decision {
	HANDOVER_WAIT,
	HANDOVER_GO,   /* now the root is looked at */
	HANDOVER_STAY, /* in this boot this stays the appliance */
};

/* words: what is waited for, or why it stays. */
enum handover_decision handover_decide(const struct handover_seen *seen, char words[static HANDOVER_WORDS_LEN]);

#endif
