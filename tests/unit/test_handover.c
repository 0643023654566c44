/* init/handover_judge, init/next_root: whether and when this boot hands over, and to what. */
#include "test.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "init/ended.h"
#include "init/handover_judge.h"
#include "init/next_root.h"
#include "init/supervise.h"

static char label[HANDOVER_LABEL_LEN], words[HANDOVER_WORDS_LEN];

static bool wanted(const char *command_line, const char *board)
{
	return handover_label(slice_of(command_line), slice_of(board), label, words);
}

TEST(next_root_is_named_by_the_board_and_above_it_by_the_command_line)
{
	char long_name[HANDOVER_LABEL_LEN + 16];

	CHECK(!wanted("console=ttyS0 quiet\n", ""));
	CHECK(wanted("console=ttyS0 quiet\n", "next"));
	CHECK_STR(label, "next");
	CHECK(wanted("handover=other quiet handover=last\n", "next"));
	CHECK_STR(label, "last");
	CHECK(wanted("handover=a=b", "next"));
	CHECK_STR(label, "a=b");
	/* none */
	CHECK(!wanted("quiet handover=off\n", "next"));
	CHECK(!wanted("handover=\n", "next"));
	CHECK(!wanted("", "off"));
	CHECK_STR(words, "");
	/* not that word */
	CHECK(!wanted("handover nohandover=x xhandover=y\n", ""));
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	CHECK(!wanted("", long_name));
	CHECK_STR(words, "the name of the next root has more than 63 characters, as no partition's");
}

/* All that is to be is. */
static struct handover_seen fine(void)
{
	return (struct handover_seen){ .services = { { "network", true, false, true },
						     { "gateway", true, false, true },
						     { "gateway-dataplane", true, false, true } } };
}

static enum handover_decision decide(struct handover_seen seen, uint64_t waited_s)
{
	seen.waited_s = waited_s;
	return handover_decide(&seen, words);
}

TEST(hand_over_comes_once_all_is_up_and_nothing_is_under_way)
{
	struct handover_seen seen = fine();

	CHECK_INT(decide(seen, 0), HANDOVER_GO);
	CHECK_INT(decide(seen, HANDOVER_WAIT_S), HANDOVER_GO);
	CHECK_STR(words, "");

	seen.offered = true;
	CHECK_INT(decide(seen, 0), HANDOVER_WAIT);
	CHECK_STR(words, "recovery is offered still");
	CHECK_INT(decide(seen, HANDOVER_WAIT_S), HANDOVER_WAIT);

	/* A state of its own each, with an end. */
	for (size_t i = 0; i < HANDOVER_SERVICES; i++) {
		seen = fine();
		seen.services[i].ready = false;
		CHECK_INT(decide(seen, HANDOVER_WAIT_S - 1), HANDOVER_WAIT);
		CHECK_INT(decide(seen, HANDOVER_WAIT_S), HANDOVER_STAY);
		seen = fine();
		seen.services[i].down = true;
		CHECK_INT(decide(seen, HANDOVER_WAIT_S - 1), HANDOVER_WAIT);
		CHECK_INT(decide(seen, HANDOVER_WAIT_S), HANDOVER_STAY);
		CHECK(strstr(words, "did not come up at once: see `show` and `network`"));
		seen = fine();
		seen.services[i].told = false;
		CHECK_INT(decide(seen, 0), HANDOVER_WAIT);
	}
}

TEST(hand_over_waits_for_an_image_on_trial_as_long_as_that_takes)
{
	struct handover_seen seen = fine();

	seen.tried = true;
	CHECK_INT(decide(seen, 10 * HANDOVER_WAIT_S), HANDOVER_WAIT);
	CHECK_STR(words, "this image is on trial, and not judged yet");
	seen.services[1].down = true;
	CHECK_INT(decide(seen, 10 * HANDOVER_WAIT_S), HANDOVER_WAIT);
}

TEST(hand_over_leaves_no_change_behind_that_no_one_would_bring_to_its_end)
{
	struct handover_seen seen = fine();

	seen.pending = true;
	CHECK_INT(decide(seen, 0), HANDOVER_WAIT);
	CHECK_INT(decide(seen, HANDOVER_WAIT_S), HANDOVER_STAY);
	CHECK_STR(words, "a change waits for `confirm`, and no one would undo it there");
	seen = fine();
	seen.scheduled = true;
	CHECK_INT(decide(seen, HANDOVER_WAIT_S), HANDOVER_STAY);
	seen = fine();
	seen.busy = true;
	CHECK_INT(decide(seen, HANDOVER_WAIT_S), HANDOVER_STAY);
}

/* ---- the program that is to be PID 1 ---- */

static union {
	uint8_t bytes[NEXT_ROOT_HEAD_LEN];
	char text[NEXT_ROOT_HEAD_LEN];
} head;

static int interpreter_of(size_t len, char interpreter[static NEXT_ROOT_INTERPRETER_LEN])
{
	return next_root_interpreter((struct slice){ head.text, len }, interpreter);
}

static void put_elf(uint16_t machine, const char *interpreter)
{
	Elf64_Ehdr header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_DYN,
			      .e_machine = machine, .e_phoff = sizeof(header), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 };
	Elf64_Phdr programs[2] = { { .p_type = PT_LOAD }, { .p_type = PT_INTERP, .p_offset = 512 } };

	memset(&head, 0, sizeof(head));
	if (interpreter) {
		programs[1].p_filesz = strlen(interpreter) + 1;
		memcpy(head.text + 512, interpreter, strlen(interpreter) + 1);
	} else {
		programs[1].p_type = PT_NOTE;
	}
	memcpy(head.text, &header, sizeof(header));
	memcpy(head.text + sizeof(header), programs, sizeof(programs));
}

TEST(init_of_the_next_root_is_a_program_for_this_machine_with_what_it_needs)
{
	char interpreter[NEXT_ROOT_INTERPRETER_LEN];

	put_elf(EM_X86_64, "/lib64/ld-linux-x86-64.so.2");
	CHECK_INT(interpreter_of(sizeof(head), interpreter), 0);
	CHECK_STR(interpreter, "/lib64/ld-linux-x86-64.so.2");
	put_elf(EM_X86_64, NULL);
	CHECK_INT(interpreter_of(sizeof(head), interpreter), 0);
	CHECK_STR(interpreter, "");
	put_elf(EM_AARCH64, NULL);
	CHECK_INT(interpreter_of(sizeof(head), interpreter), -ENOEXEC);

	strcpy(head.text, "#! /bin/sh -e\necho\n");
	CHECK_INT(interpreter_of(strlen(head.text), interpreter), 0);
	CHECK_STR(interpreter, "/bin/sh");
	strcpy(head.text, "#!\n");
	CHECK_INT(interpreter_of(strlen(head.text), interpreter), -ENOEXEC);
	CHECK_INT(interpreter_of(2, interpreter), -ENOEXEC);
	strcpy(head.text, "echo\n");
	CHECK_INT(interpreter_of(strlen(head.text), interpreter), -ENOEXEC);
	CHECK_INT(interpreter_of(0, interpreter), -ENOEXEC);
}

TEST(init_that_is_cut_off_or_no_program_anywhere_is_refused_within_its_bytes)
{
	char interpreter[NEXT_ROOT_INTERPRETER_LEN];
	const Elf64_Off far[] = { UINT64_MAX, UINT64_MAX - 8, NEXT_ROOT_HEAD_LEN, NEXT_ROOT_HEAD_LEN - 1 };
	Elf64_Phdr program = { .p_type = PT_INTERP, .p_filesz = 2 };

	put_elf(EM_X86_64, "/lib/ld");
	for (size_t len = 0; len < 512; len++) {
		uint8_t exact[512]; /* where the sanitizer sees what lies behind it */

		memcpy(exact, head.bytes, len);
		CHECK_INT(next_root_interpreter((struct slice){ (const char *)exact, len }, interpreter), -ENOEXEC);
	}
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		put_elf(EM_X86_64, "/lib/ld");
		program.p_offset = far[i];
		memcpy(head.text + sizeof(Elf64_Ehdr) + sizeof(program), &program, sizeof(program));
		CHECK_INT(interpreter_of(sizeof(head), interpreter), -ENOEXEC);
		put_elf(EM_X86_64, "/lib/ld");
		memcpy(head.text + offsetof(Elf64_Ehdr, e_phoff), &far[i], sizeof(far[i]));
		CHECK_INT(interpreter_of(sizeof(head), interpreter), -ENOEXEC);
	}
}

/* ---- around it ---- */

TEST(root_that_died_is_known_by_what_it_left_and_a_reboot_of_it_is_none)
{
	const char *to = ENDED_HANDED_OVER "next, /dev/vdb";

	CHECK(ended_next_root_died(&(struct ended_signs){ .written = to, .panic = "Kernel panic - not syncing: Attempted to kill init!" }));
	CHECK(ended_next_root_died(&(struct ended_signs){ .written = to, .panic = "", .by_watchdog = true }));
	CHECK(!ended_next_root_died(&(struct ended_signs){ .written = to, .panic = "" }));
	CHECK(!ended_next_root_died(&(struct ended_signs){ .written = "", .panic = "Kernel panic" }));
}

TEST(service_that_is_wanted_again_while_it_ends_is_started_behind_its_end)
{
	struct supervised service = { 0 };

	supervise_step(&service, SUPERVISE_START, 1);
	supervise_step(&service, SUPERVISE_IS_READY, 2);
	CHECK_INT(supervise_step(&service, SUPERVISE_STOP, 3), SUPERVISE_TERMINATE);
	CHECK_INT(supervise_step(&service, SUPERVISE_START, 4), SUPERVISE_NOTHING);
	CHECK_INT(supervise_step(&service, SUPERVISE_EXITED, 5), SUPERVISE_NOTHING);
	CHECK_INT(supervise_step(&service, SUPERVISE_DUE, service.due_ns), SUPERVISE_SPAWN);
}
