#include "init/consoles.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"

#define TTY_CLASS "/sys/class/tty"
#define SPCR_FILE "/sys/firmware/acpi/tables/SPCR"
#define SCREEN_TTY "tty1"

enum {
	/* SPCR behind the common header of 36 bytes: interface type, then a generic address (ACPI 6.5, 5.2.3.2). */
	SPCR_TYPE_AT = 36,
	SPCR_SPACE_AT = 40,
	SPCR_ADDRESS_AT = 44,
	SPCR_SPEED_AT = 58,
	SPCR_MIN_LEN = 80,
	SPCR_TYPE_16550 = 0,
	SPCR_TYPE_16450 = 1,
	SPCR_TYPE_16550_GAS = 0x12,
	SPACE_MEMORY = 0,
	SPACE_IO = 1,
	TABLE_LEN = 512,
	SPEED_MAX = 1 << 24,
};

void consoles_add(struct consoles *consoles, struct slice tty, unsigned speed)
{
	struct console_place *place = &consoles->list[consoles->count];

	for (size_t i = 0; i < consoles->count; i++)
		if (slice_equal(tty, consoles->list[i].tty))
			return;
	if (consoles->count == CONSOLES_MAX || !tty.len || slice_copy(tty, place->tty, sizeof(place->tty)) < 0)
		return;
	place->speed = speed;
	consoles->count++;
}

/* "115200n8" */
static unsigned speed_of(struct slice options)
{
	uint64_t speed;
	size_t len = 0;

	while (len < options.len && options.ptr[len] >= '0' && options.ptr[len] <= '9')
		len++;
	return text_uint((struct slice){ options.ptr, len }, SPEED_MAX, &speed) < 0 ? 0 : (unsigned)speed;
}

void consoles_add_command_line(struct consoles *consoles, struct slice command_line)
{
	struct slice word, key, tty;

	while (command_line.len && command_line.ptr[command_line.len - 1] == '\n')
		command_line.len--;
	while (slice_word(&command_line, &word)) {
		if (!slice_cut(&word, '=', &key) || !slice_equal(key, "console") || !word.ptr || !slice_cut(&word, ',', &tty))
			continue;
		if (slice_equal(tty, "tty0") || slice_equal(tty, "tty"))
			consoles_add(consoles, slice_of(SCREEN_TTY), 0);
		else if (slice_starts(tty, "tty") || slice_starts(tty, "hvc"))
			consoles_add(consoles, tty, word.ptr ? speed_of(word) : 0);
	}
}

bool spcr_read(const uint8_t *bytes, size_t len, struct spcr *spcr)
{
	static const unsigned speeds[] = { [3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200 };
	uint8_t type, speed;

	if (len < SPCR_MIN_LEN || memcmp(bytes, "SPCR", 4) != 0)
		return false;
	type = bytes[SPCR_TYPE_AT];
	speed = bytes[SPCR_SPEED_AT];
	*spcr = (struct spcr){ .is_io = bytes[SPCR_SPACE_AT] == SPACE_IO,
			       .address = load_le64(bytes + SPCR_ADDRESS_AT),
			       .speed = speed < sizeof(speeds) / sizeof(speeds[0]) ? speeds[speed] : 0 };
	return spcr->address && bytes[SPCR_SPACE_AT] <= SPACE_IO &&
	       (type == SPCR_TYPE_16550 || type == SPCR_TYPE_16450 || type == SPCR_TYPE_16550_GAS);
}

static uint64_t read_number(const char *dir, const char *tty, const char *what)
{
	char path[128], text[32];

	text_format(path, sizeof(path), "%s/%.32s/%s", dir, tty, what);
	return file_read(AT_FDCWD, path, text, sizeof(text)) > 0 ? strtoull(text, NULL, 0) : 0;
}

/* The kernel makes ttyS0 to ttyS3 whether there is a UART or not; one that is not there has type 0. */
static bool has_hardware(const char *tty)
{
	char path[128];

	text_format(path, sizeof(path), TTY_CLASS "/%.32s/type", tty);
	return access(path, F_OK) < 0 || read_number(TTY_CLASS, tty, "type") != 0;
}

bool spcr_find(const struct spcr *spcr, const char *tty_class, char tty[static CONSOLE_TTY_LEN])
{
	DIR *dir = opendir(tty_class);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)) != NULL)
		if (!strncmp(entry->d_name, "ttyS", 4) &&
		    read_number(tty_class, entry->d_name, spcr->is_io ? "port" : "iomem_base") == spcr->address) {
			text_format(tty, CONSOLE_TTY_LEN, "%.31s", entry->d_name);
			found = true;
		}
	if (dir)
		closedir(dir);
	return found;
}

static void add_firmware(struct consoles *consoles)
{
	char bytes[TABLE_LEN], tty[CONSOLE_TTY_LEN];
	ssize_t n = file_read(AT_FDCWD, SPCR_FILE, bytes, sizeof(bytes));
	struct spcr spcr;

	if (n > 0 && spcr_read((const uint8_t *)bytes, (size_t)n, &spcr) && spcr_find(&spcr, TTY_CLASS, tty))
		consoles_add(consoles, slice_of(tty), spcr.speed);
}

void consoles_find(struct consoles *consoles, struct slice board_tty, unsigned board_speed)
{
	static char command_line[4096];
	ssize_t n = file_read(AT_FDCWD, "/proc/cmdline", command_line, sizeof(command_line));
	struct consoles named = { .count = 0 };

	/* What the firmware says of a port's speed is how its cable is used. */
	add_firmware(&named);
	consoles_add(&named, board_tty, board_speed);
	consoles_add_command_line(&named, (struct slice){ command_line, n > 0 ? (size_t)n : 0 });
	consoles->count = 0;
	for (size_t i = 0; i < named.count; i++)
		if (has_hardware(named.list[i].tty))
			consoles_add(consoles, slice_of(named.list[i].tty), named.list[i].speed);
	/* Better one that may come than none. */
	if (!consoles->count)
		consoles_add(consoles, board_tty.len ? board_tty : slice_of("console"), board_speed);
}
