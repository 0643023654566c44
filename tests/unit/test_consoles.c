/* init/consoles.h: which ports get a console. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "init/consoles.h"

TEST(each_console_of_the_command_line_counts_once)
{
	struct consoles consoles = { .count = 0 };

	consoles_add(&consoles, slice_of("ttyS0"), 115200);
	consoles_add_command_line(&consoles, slice_of("quiet console=tty0 earlyconsole=ttyS9 console=ttyS1,57600n8 console=ttyS0,9600 "
						      "console=netcon0 console= console=tty\n"));
	CHECK_INT(consoles.count, 3);
	CHECK_STR(consoles.list[0].tty, "ttyS0");
	CHECK_INT(consoles.list[0].speed, 115200);
	CHECK_STR(consoles.list[1].tty, "tty1");
	CHECK_INT(consoles.list[1].speed, 0);
	CHECK_STR(consoles.list[2].tty, "ttyS1");
	CHECK_INT(consoles.list[2].speed, 57600);
}

TEST(consoles_beyond_the_table_are_left_out)
{
	struct consoles consoles = { .count = 0 };

	consoles_add_command_line(&consoles, slice_of("console=ttyS0 console=ttyS1 console=ttyS2 console=ttyS3 console=tty0"));
	CHECK_INT(consoles.count, CONSOLES_MAX);
	CHECK_STR(consoles.list[3].tty, "ttyS3");
}

TEST(serial_port_that_the_firmware_names_is_read_from_its_table)
{
	/* COM2 at 57600, as a BMC's serial-over-LAN has it. */
	uint8_t table[80] = { 'S', 'P', 'C', 'R', [40] = 1, [41] = 8, [44] = 0xf8, [45] = 0x02, [58] = 6 };
	struct spcr spcr;

	CHECK(spcr_read(table, sizeof(table), &spcr));
	CHECK(spcr.is_io);
	CHECK_INT(spcr.address, 0x2f8);
	CHECK_INT(spcr.speed, 57600);
	table[40] = 0;
	table[47] = 0xfe;
	CHECK(spcr_read(table, sizeof(table), &spcr));
	CHECK(!spcr.is_io);
	CHECK_INT(spcr.address, 0xfe0002f8);
	table[58] = 200;
	CHECK(spcr_read(table, sizeof(table), &spcr));
	CHECK_INT(spcr.speed, 0);
	table[36] = 3; /* an ARM port */
	CHECK(!spcr_read(table, sizeof(table), &spcr));
	table[36] = 0;
	CHECK(!spcr_read(table, sizeof(table) - 1, &spcr));
	memset(table + 44, 0, 8); /* no port at all */
	CHECK(!spcr_read(table, sizeof(table), &spcr));
}

/* As the kernel shows a port at an address of the other kind: 0. */
static void make_port(const char *dir, const char *tty, const char *port, const char *iomem_base)
{
	static const char *const names[] = { "port", "iomem_base" };
	const char *const values[] = { port, iomem_base };
	char path[128];

	text_format(path, sizeof(path), "%s/%s", dir, tty);
	mkdir(path, 0700);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		FILE *file;

		text_format(path, sizeof(path), "%s/%s/%s", dir, tty, names[i]);
		file = fopen(path, "w");
		CHECK(file != NULL);
		(void)fprintf(file, "%s\n", values[i]);
		(void)fclose(file);
	}
}

static void remove_port(const char *dir, const char *tty)
{
	static const char *const names[] = { "/port", "/iomem_base", "" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		text_format(path, sizeof(path), "%s/%s%s", dir, tty, names[i]);
		(void)remove(path);
	}
}

/* A board whose console is a 16550 at a memory address: AppliedMicro's Mustang. */
TEST(serial_port_at_a_memory_address_is_found)
{
	static const uint8_t table[] = {
		'S', 'P', 'C', 'R', 0x50, 0, 0, 0, 2, 0x62, 'A', 'P', 'M', 'C', '0', 'D', 'X', 'G', 'E', 'N',
		'E', 'S', 'P', 'C', 0, 0, 0, 0, 'I', 'N', 'T', 'L', 0x07, 0x11, 0x14, 0x20, /* the header */
		0, 0, 0, 0, 0, 8, 0, 1, 0, 0, 0x02, 0x1c, 0, 0, 0, 0, /* a 16550; memory, 8 bits, by bytes, 0x1c020000 */
		8, 0, 0x6c, 0, 0, 0, 7, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	char dir[] = "/tmp/tty.XXXXXX", tty[CONSOLE_TTY_LEN] = "";
	struct spcr spcr;

	CHECK_INT(sizeof(table), 80);
	CHECK(spcr_read(table, sizeof(table), &spcr));
	CHECK(!spcr.is_io);
	CHECK_INT(spcr.address, 0x1c020000);
	CHECK_INT(spcr.speed, 115200);
	CHECK(mkdtemp(dir) != NULL);
	make_port(dir, "ttyS0", "0x3F8", "0x0");
	CHECK(!spcr_find(&spcr, dir, tty)); /* no one is there */
	make_port(dir, "ttyS4", "0x0", "0x1C020000");
	CHECK(spcr_find(&spcr, dir, tty));
	CHECK_STR(tty, "ttyS4");
	spcr.is_io = true; /* the same number as an I/O port is another place */
	CHECK(!spcr_find(&spcr, dir, tty));
	remove_port(dir, "ttyS0");
	remove_port(dir, "ttyS4");
	CHECK_INT(rmdir(dir), 0);
}
