/* init/consoles.h: which ports get a console. */
#include "test.h"

#include <string.h>

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
