/* Where an operator may sit: the board's port, every console= of the kernel command line, the port that the firmware names. */
#ifndef INIT_CONSOLES_H
#define INIT_CONSOLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { CONSOLES_MAX = 4, CONSOLE_TTY_LEN = 32 };

struct consoles {
	struct console_place {
		char tty[CONSOLE_TTY_LEN];
		unsigned speed; /* bit/s; 0: as it is */
	} list[CONSOLES_MAX];
	size_t count;
};

/* A port once, however often it is named; the first word about its speed counts. What is too much is left out. */
void consoles_add(struct consoles *consoles, struct slice tty, unsigned speed);

/* "console=ttyS0,115200n8 console=tty0": the screen's console is tty1, the first one of several behind it. */
void consoles_add_command_line(struct consoles *consoles, struct slice command_line);

/* Where a UART is by the ACPI table SPCR (Microsoft's "Serial Port Console Redirection Table"). */
struct spcr {
	bool is_io; /* an I/O port, else a memory address */
	uint64_t address;
	unsigned speed; /* 0: as the firmware left it */
};

/* False for bytes that are no such table, and for a port that is no plain UART at an address. */
bool spcr_read(const uint8_t *bytes, size_t len, struct spcr *spcr);

/* Which port of tty_class ("/sys/class/tty") is there. */
bool spcr_find(const struct spcr *spcr, const char *tty_class, char tty[static CONSOLE_TTY_LEN]);

/* All of them, of those that this machine has. */
void consoles_find(struct consoles *consoles, struct slice board_tty, unsigned board_speed);

#endif
