/* What the machine hands PID 1: a partition table, what a CD boots from, the ACPI table SPCR, EFI variables and boot entries,
 * uevents, console= words. The first byte says which. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exact.h"
#include "init/bootentry.h"
#include "init/consoles.h"
#include "init/eltorito.h"
#include "init/firmware.h"
#include "init/gpt.h"
#include "init/uevent.h"

enum { BLOCK_LEN = 512, BLOCKS = 256, TEXT_LEN = 32, CD_BLOCK_LEN = 2048, CD_RECORD = 17, CD_RECORD_LEN = 75 };

static unsigned read_all;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_text(const char *text)
{
	read_all += (unsigned)strlen(text);
}

/* What a table may hold is trusted no further than the disk goes. */
static void grow_all(struct gpt *gpt)
{
	for (unsigned number = 0; number <= GPT_ENTRIES + 1; number++) {
		struct gpt_partition before, after;
		bool is_there = gpt_partition(gpt, number, &before);
		bool grew = gpt_grow(gpt, number, number * 7);

		if (!is_there && grew)
			abort();
		if (!is_there || !gpt_partition(gpt, number, &after))
			continue;
		if (after.first != before.first || after.last < before.last || after.last >= gpt->blocks)
			abort();
	}
}

static void table(const uint8_t *data, size_t size)
{
	static struct gpt gpt;
	static int fd = -1;
	size_t len = size < sizeof(gpt.entries) ? size : sizeof(gpt.entries);

	if (fd < 0)
		fd = memfd_create("disk", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0 || ftruncate(fd, BLOCKS * BLOCK_LEN) < 0 ||
	    pwrite(fd, data, size < BLOCKS * BLOCK_LEN ? size : BLOCKS * BLOCK_LEN, 0) < 0)
		abort();
	read_all += (unsigned)gpt_read(&gpt, fd, BLOCKS, BLOCK_LEN);
	/* No fuzzer guesses a checksum. */
	gpt = (struct gpt){ .blocks = BLOCKS, .block_len = BLOCK_LEN };
	memcpy(gpt.entries, data, len);
	grow_all(&gpt);
}

/* The boot record as far as it is read, then the blocks behind it, the last one filled up. */
static void cd(const uint8_t *data, size_t size)
{
	static int fd = -1;
	const off_t at = (off_t)CD_RECORD * CD_BLOCK_LEN;
	size_t record_len = size < CD_RECORD_LEN ? size : CD_RECORD_LEN, rest = size - record_len;
	size_t blocks = CD_RECORD + 1 + (rest + CD_BLOCK_LEN - 1) / CD_BLOCK_LEN;
	uint64_t found;

	if (fd < 0)
		fd = memfd_create("cd", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)(blocks * CD_BLOCK_LEN)) < 0 ||
	    pwrite(fd, data, record_len, at) < 0 || pwrite(fd, data + record_len, rest, at + CD_BLOCK_LEN) < 0)
		abort();
	if (eltorito_find(fd, blocks * CD_BLOCK_LEN, &found) && (found % CD_BLOCK_LEN || found >= blocks * CD_BLOCK_LEN))
		abort();
}

static void console_words(const uint8_t *data, size_t size)
{
	struct consoles consoles = { .count = 0 };

	consoles_add_command_line(&consoles, (struct slice){ (const char *)data, size });
	if (consoles.count > CONSOLES_MAX)
		abort();
	for (size_t i = 0; i < consoles.count; i++)
		read_text(consoles.list[i].tty);
}

static void uevent(const uint8_t *data, size_t size)
{
	char *message = malloc(size + 1);
	const char *value;

	if (!message)
		abort();
	memcpy(message, data, size);
	message[size] = '\0';
	value = uevent_value(message, size, "MODALIAS");
	if (value)
		read_text(value);
	free(message);
}

static void boot_entry(const uint8_t *data, size_t size)
{
	char description[TEXT_LEN];

	if (bootentry_description(data, size, description, sizeof(description)))
		read_text(description);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_LEN];
	struct spcr spcr;
	uint8_t *copy;

	if (!size)
		return 0;
	copy = exact_copy(data + 1, size - 1);
	if (data[0] % 7 == 0)
		table(copy, size - 1);
	else if (data[0] % 7 == 1)
		read_all += spcr_read(copy, size - 1, &spcr);
	else if (data[0] % 7 == 2)
		console_words(copy, size - 1);
	else if (data[0] % 7 == 3)
		uevent(copy, size - 1);
	else if (data[0] % 7 == 4)
		boot_entry(copy, size - 1);
	else if (data[0] % 7 == 5)
		cd(copy, size - 1);
	else if (firmware_text(copy, size - 1, text, sizeof(text)) >= 0)
		read_text(text);
	free(copy);
	return 0;
}
