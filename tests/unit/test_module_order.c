/* init/module_order.h: which modules go in, and in which order. The texts are depmod(8)'s of Debian's 6.12, cut short. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "init/module_index.h"
#include "init/module_order.h"
#include "init/uevent.h"

static struct module_texts debian(void)
{
	return (struct module_texts){
		.dep = slice_of("kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko\n"
				"kernel/fs/jbd2/jbd2.ko:\n"
				"kernel/lib/crc16.ko:\n"
				"kernel/arch/x86/crypto/crc32c-intel.ko:\n"
				"kernel/crypto/crc32c_generic.ko:\n"
				"kernel/drivers/net/ethernet/realtek/r8169.ko: kernel/drivers/net/phy/libphy.ko\n"
				"kernel/drivers/net/phy/libphy.ko:\n"
				"kernel/drivers/net/phy/realtek.ko: kernel/drivers/net/phy/libphy.ko\n"
				"kernel/drivers/hid/hid-generic.ko:\n"
				"kernel/drivers/acpi/button.ko:\n"
				"kernel/a.ko:\nkernel/b.ko:\n"),
		.alias = slice_of("# Aliases extracted from modules themselves.\n"
				  "alias crypto-crc32c crc32c_intel\n"
				  "alias crypto-crc32c crc32c_generic\n"
				  "alias pci:v000010ECd00008168sv*sd*bc*sc*i* r8169\n"
				  "alias hid:b*g0000v*p* hid_generic\n"
				  "alias acpi*:PNP0C0C:* button\n"
				  "alias acpi*:PNP0C0E:* button\n"),
		.softdep = slice_of("softdep r8169 pre: realtek\n"
				    "softdep jbd2 pre: crypto-crc32c post: hid_generic\n"
				    "softdep a pre: b\nsoftdep b pre: a\n"),
		.builtin = slice_of("kernel/drivers/tty/serial/8250/8250.ko\n"),
	};
}

struct journal {
	char said[512];
	const char *refused; /* -ENODEV */
};

static int insert(void *arg, struct slice path)
{
	struct journal *journal = arg;
	size_t len = strlen(journal->said);
	struct slice name = module_of_path(path);

	if (journal->refused && slice_equal(name, journal->refused))
		return -ENODEV;
	text_format(journal->said + len, sizeof(journal->said) - len, "%.*s ", SLICE_ARG(name));
	return 0;
}

static int load(const char *name, struct journal *journal)
{
	const struct module_texts index = debian();

	return module_load(&index, slice_of(name), insert, journal);
}

static void load_found(void *arg, struct slice module)
{
	const struct module_texts index = debian();

	(void)module_load(&index, module, insert, arg);
}

static const char *plugged(const char *modalias)
{
	static struct journal journal;
	const struct module_texts index = debian();

	journal = (struct journal){ .said = "" };
	module_alias_each(index.alias, modalias, load_found, &journal);
	return journal.said;
}

TEST(module_goes_in_behind_what_it_needs_and_what_that_wants)
{
	struct journal journal = { .said = "" };

	CHECK_INT(load("ext4", &journal), 0);
	CHECK_STR(journal.said, "crc16 crc32c-intel crc32c_generic jbd2 hid-generic ext4 ");
}

TEST(soft_dependency_that_this_machine_cannot_have_stops_nothing)
{
	struct journal journal = { .refused = "crc32c-intel" };

	CHECK_INT(load("ext4", &journal), 0);
	CHECK_STR(journal.said, "crc16 crc32c_generic jbd2 hid-generic ext4 ");
}

TEST(module_whose_need_fails_does_not_go_in)
{
	struct journal journal = { .refused = "crc16" };

	CHECK_INT(load("ext4", &journal), -ENODEV);
	CHECK_STR(journal.said, "");
}

TEST(module_has_any_number_of_needs)
{
	enum { NEEDS = 100 };
	static char dep[NEEDS * 40];
	struct module_texts index = { .alias = slice_of(""), .softdep = slice_of(""), .builtin = slice_of("") };
	struct journal journal = { .said = "" };
	struct text text;

	text_init(&text, dep, sizeof(dep));
	text_add(&text, "z.ko:");
	for (int i = 0; i < NEEDS; i++)
		text_add(&text, " %d.ko", i);
	index.dep = slice_of(dep);
	CHECK_INT(module_load(&index, slice_of("z"), insert, &journal), 0);
	CHECK_MEM(journal.said, "99 98 97 ", 9);
	CHECK_STR(journal.said + strlen(journal.said) - 6, "1 0 z ");
}

TEST(names_are_the_same_with_dash_and_underscore)
{
	struct journal journal = { .said = "" };

	CHECK_INT(load("crc32c_intel", &journal), 0);
	CHECK_INT(load("hid-generic", &journal), 0);
	CHECK_STR(journal.said, "crc32c-intel hid-generic ");
}

TEST(builtin_is_there_and_unknown_is_not)
{
	struct journal journal = { .said = "" };

	CHECK_INT(load("8250", &journal), 0);
	CHECK_INT(load("e1000e", &journal), -ENOENT);
	CHECK_STR(journal.said, "");
}

TEST(circle_of_soft_dependencies_ends)
{
	struct journal journal = { .said = "" };

	CHECK_INT(load("a", &journal), 0);
}

TEST(device_gets_the_modules_that_its_modalias_asks_for)
{
	CHECK_STR(plugged("pci:v000010ECd00008168sv00001043sd000085C8bc02sc00i00"), "libphy libphy realtek r8169 ");
	CHECK_STR(plugged("hid:b0003g0001v0000046Dp0000C31C"), "");
	CHECK_STR(plugged("hid:b0003g0000v0000046Dp0000C31C"), "hid-generic ");
	CHECK_STR(plugged("acpi:PNP0C0C:"), "button ");
	CHECK_STR(plugged("acpi:LNXSYBUS:PNP0A08:"), "");
	CHECK_STR(plugged("pci:v000010ECd00008169sv00001043sd000085C8bc02sc00i00"), "");
}

TEST(uevent_tells_values_by_their_whole_name)
{
	static const char message[] = "add@/devices/x\0ACTION=add\0NOMODALIAS=no\0MODALIAS=usb:v1\0EMPTY=";

	CHECK_STR(uevent_value(message, sizeof(message), "ACTION"), "add");
	CHECK_STR(uevent_value(message, sizeof(message), "MODALIAS"), "usb:v1");
	CHECK_STR(uevent_value(message, sizeof(message), "EMPTY"), "");
	CHECK(!uevent_value(message, sizeof(message), "MODALIA"));
}
