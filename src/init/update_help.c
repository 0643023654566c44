#include "init/update_help.h"

#include <stdio.h>

void update_help(void)
{
	printf("\n"
	       "One box:\n"
	       "  1. Put update.bundle on a USB stick (FAT), or into /srv/mitigator.\n"
	       "  2. `update usb`, or `update update.bundle`; it is checked, written beside\n"
	       "     what runs, and read back. What runs goes on.\n"
	       "  3. `reboot`. The new version is on trial. It is confirmed by itself once\n"
	       "     its peers are heard again, else the box goes back by itself, after\n"
	       "     3 tries. `show boot` says which runs, and whether it is confirmed.\n"
	       "     `update confirm` does so by hand, where no peer is to be heard.\n"
	       "A cluster, without losing its quorum:\n"
	       "  One box after another, never two at a time. Go on when `show boot` on\n"
	       "  the last one says confirmed, and `show` on another one has all peers up.\n"
	       "  A box that went back stays as it is: find out why before you go on.\n"
	       "  Once the first one is confirmed, the others take it from there, by the VPN:\n"
	       "  `update from NAME` on each; what was broken off goes on where it was.\n"
	       "Step back to an older version:\n"
	       "  `update FILE downgrade` with its bundle, then `reboot`. It gets one try;\n"
	       "  once it is confirmed, what is newer is removed from the box.\n");
}
