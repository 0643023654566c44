/* console/partition.h: what is mounted where. */
#include "test.h"

#include "console/partition.h"

TEST(partition_is_the_last_that_was_mounted_there)
{
	const struct slice mounts = slice_of("rootfs / rootfs ro,size=1k 0 0\n"
					     "/dev/sda2 /srv/mitigator ext4 rw,nosuid,errors=remount-ro 0 0\n"
					     "/dev/sdb1 /srv/mitigator2 ext4 ro 0 0\n");
	const struct slice over = slice_of("/dev/sda2 /srv/mitigator ext4 rw 0 0\n/dev/sdc /srv/mitigator ext4 ro,noatime 0 0\n");
	struct slice device;
	bool read_only;

	CHECK(partition_find(mounts, "/srv/mitigator", &device, &read_only));
	CHECK(slice_equal(device, "/dev/sda2") && !read_only);
	CHECK(partition_find(over, "/srv/mitigator", &device, &read_only));
	CHECK(slice_equal(device, "/dev/sdc") && read_only);
	CHECK(partition_find(mounts, "/srv/mitigator2", &device, &read_only) && read_only);
	CHECK(!partition_find(mounts, "/srv", &device, &read_only));
	CHECK(!partition_find(slice_of("/dev/sda2 /srv/mitigator"), "/srv/mitigator", &device, &read_only));
}
