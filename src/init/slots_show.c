#include "init/slots_show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "init/slots.h"

enum { WORDS_LEN = 80 };

static void describe(const struct slot *slot, const struct slot *running, char words[static WORDS_LEN])
{
	bool runs = !strcmp(slot->version, running->version) && slot->counted == running->counted;

	if (runs && slot->counted)
		text_format(words, WORDS_LEN, "runs, ON TRIAL, %u %s left", slot->left, slot_tries(slot->left));
	else if (runs)
		text_format(words, WORDS_LEN, "runs, confirmed");
	else if (!slot->counted)
		text_format(words, WORDS_LEN, "confirmed");
	else if (slot->left && slot->done)
		text_format(words, WORDS_LEN, "started %u time%s, not good; %u %s left", slot->done, text_plural(slot->done), slot->left,
			    slot_tries(slot->left));
	else if (slot->left)
		text_format(words, WORDS_LEN, "on trial from the next boot on");
	else
		text_format(words, WORDS_LEN, "NOT GOOD, started %u time%s: left", slot->done, text_plural(slot->done));
}

static void print(const struct slot *slots, ssize_t count, const struct slot *running)
{
	char name[SLOT_NAME_LEN], words[WORDS_LEN];

	for (ssize_t i = 0; i < count; i++) {
		slot_name(&slots[i], name);
		describe(&slots[i], running, words);
		printf("%-32s %s\n", name, words);
	}
}

int slots_show_main(void)
{
	static struct slot slots[SLOTS_MAX];
	struct slot running;
	ssize_t count;
	pid_t holder;
	struct esp esp;
	int err = slots_running(&running);

	if (err < 0) {
		printf("this system was started from no ESP\n");
		return 0;
	}
	err = esp_open(&esp, &holder);
	count = err < 0 ? err : slots_list(&esp, slots);
	if (!err)
		esp_close(&esp);
	if (count >= 0) {
		print(slots, count, &running);
		return 0;
	}
	/* What is known without the disk. */
	print(&running, 1, &running);
	if (count == -EBUSY)
		printf("the others: another process (%d) changes the ESP\n", (int)holder);
	else if (count != -ENODEV)
		printf("the others: the ESP cannot be read: %s\n", strerror((int)-count));
	return count != -ENODEV;
}
