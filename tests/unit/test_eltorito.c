/* init/eltorito.h on the head of a CD as xorriso writes it. */
#include "test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "init/eltorito.h"

enum { BLOCK = 2048, BLOCKS = 40, RECORD = 17, CATALOG = 20, ESP = 30 };

/* catalog: its block, 0 for a medium without a boot record. */
static int make_cd(uint32_t catalog, uint8_t bootable, uint32_t esp)
{
	const uint8_t record[75] = { 0, 'C', 'D', '0', '0', '1', 1, 'E', 'L', ' ', 'T', 'O', 'R', 'I', 'T', 'O', ' ', 'S', 'P', 'E',
				     'C', 'I', 'F', 'I', 'C', 'A', 'T', 'I', 'O', 'N', [71] = (uint8_t)catalog,
				     [74] = (uint8_t)(catalog >> 24) };
	const uint8_t entry[12] = { bootable, [8] = (uint8_t)esp, [11] = (uint8_t)(esp >> 24) };
	int fd = memfd_create("cd", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)BLOCKS * BLOCK) < 0 ||
	    (catalog && pwrite(fd, record, sizeof(record), (off_t)RECORD * BLOCK) != sizeof(record)) ||
	    pwrite(fd, entry, sizeof(entry), (off_t)CATALOG * BLOCK + 32) != sizeof(entry)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static bool finds(uint32_t catalog, uint8_t bootable, uint32_t esp, uint64_t *at)
{
	int fd = make_cd(catalog, bootable, esp);
	bool found = fd >= 0 && eltorito_find(fd, (uint64_t)BLOCKS * BLOCK, at);

	if (fd >= 0)
		close(fd);
	return found;
}

TEST(cd_boots_from_where_its_catalog_says)
{
	uint64_t at;

	CHECK(finds(CATALOG, 0x88, ESP, &at));
	CHECK_INT(at, ESP * BLOCK);
}

TEST(medium_that_is_no_cd_or_names_what_it_has_not_boots_from_nothing)
{
	uint64_t at;

	CHECK(!finds(0, 0x88, ESP, &at));
	CHECK(!finds(CATALOG, 0, ESP, &at));
	CHECK(!finds(CATALOG, 0x88, BLOCKS, &at));
	CHECK(!finds(UINT32_C(0xff000000), 0x88, ESP, &at));
}
