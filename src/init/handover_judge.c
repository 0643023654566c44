#include "init/handover_judge.h"

#include <string.h>

#define WORD "handover"
#define OFF "off"

bool handover_label(struct slice command_line, struct slice board, char label[static HANDOVER_LABEL_LEN],
		    char words[static HANDOVER_WORDS_LEN])
{
	struct slice wanted = board, word, key;

	words[0] = '\0';
	command_line = slice_trim(command_line);
	while (command_line.len && command_line.ptr[command_line.len - 1] == '\n')
		command_line.len--;
	while (slice_word(&command_line, &word))
		if (slice_cut(&word, '=', &key) && slice_equal(key, WORD) && word.ptr)
			wanted = word;
	if (!wanted.len || slice_equal(wanted, OFF))
		return false;
	if (memchr(wanted.ptr, '\0', wanted.len)) {
		text_format(words, HANDOVER_WORDS_LEN, "the name of the next root is no text");
		return false;
	}
	if (!slice_copy(wanted, label, HANDOVER_LABEL_LEN))
		return true;
	text_format(words, HANDOVER_WORDS_LEN, "the name of the next root has more than %d characters, as no partition's", HANDOVER_LABEL_LEN - 1);
	return false;
}

/* NULL: nothing is in the way. */
static const char *service_in_the_way(const struct handover_service *service)
{
	if (!service->ready)
		return "does not run yet";
	if (service->down)
		return "did not come up at once: see `show` and `network`";
	return service->told ? NULL : "has just begun";
}

static enum handover_decision in_the_way(const struct handover_seen *seen)
{
	return seen->waited_s >= HANDOVER_WAIT_S ? HANDOVER_STAY : HANDOVER_WAIT;
}

enum handover_decision handover_decide(const struct handover_seen *seen, char words[static HANDOVER_WORDS_LEN])
{
	/* In the order in which they come to an end. */
	const struct {
		bool holds;
		const char *words;
	} holds[] = {
		{ seen->pending, "a change waits for `confirm`, and no one would undo it there" },
		{ seen->scheduled, "a change waits for its time, and no one would apply it there: `undo` cancels it" },
		{ seen->busy, "someone changes the configuration or the images" },
	};

	words[0] = '\0';
	if (seen->offered) {
		text_format(words, HANDOVER_WORDS_LEN, "recovery is offered still");
		return HANDOVER_WAIT;
	}
	for (size_t i = 0; i < HANDOVER_SERVICES; i++) {
		const struct handover_service *service = &seen->services[i];
		const char *why = service_in_the_way(service);

		if (!why)
			continue;
		text_format(words, HANDOVER_WORDS_LEN, "%s %s", service->name, why);
		/* The trial of an image has its own word on what does not come up. */
		return seen->tried ? HANDOVER_WAIT : in_the_way(seen);
	}
	if (seen->tried) {
		text_format(words, HANDOVER_WORDS_LEN, "this image is on trial, and not judged yet");
		return HANDOVER_WAIT;
	}
	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
		if (!holds[i].holds)
			continue;
		text_format(words, HANDOVER_WORDS_LEN, "%s", holds[i].words);
		return in_the_way(seen);
	}
	return HANDOVER_GO;
}
