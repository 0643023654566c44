#include "gateway/guide.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct guide {
	const char *name, *text;
} guides[] = {
	{ "rotate",
	  "To give one instance a new key, here ams1, while the cluster runs. Nothing\n"
	  "changes before the time of step 4. Then what goes to and from ams1 is lost for\n"
	  "as long as the clocks differ, and at most 2 s more.\n"
	  "\n"
	  "1. On every instance: `clock`. All must show the same time, to the second.\n"
	  "2. On ams1: `key new`. The new key stands in vpn-private.conf and does not run\n"
	  "   yet; the new PublicKey is shown.\n"
	  "3. On every other instance, with that PublicKey:\n"
	  "   `peer set ams1 PublicKey KEY`\n"
	  "4. On every instance, ams1 too, the same time some minutes ahead, in UTC:\n"
	  "   `reconfigure at 14:00 confirm`\n"
	  "   The plan is printed: on the others it says `new key` for ams1, and no more.\n"
	  "   `undo` cancels what waits.\n"
	  "5. When that time is over, on every instance: `show`. All are up: `confirm` on\n"
	  "   every instance, within 5 minutes. Else do nothing: each goes back to the old\n"
	  "   key by itself. The files keep the new one: mend them, and repeat step 4.\n" },
	{ "port",
	  "To give all instances another ListenPort, here 5567 for 4567, while the cluster\n"
	  "runs. Nothing changes before the time of step 4. Then what goes by the\n"
	  "management path is lost for as long as the clocks differ, and at most 2 s more.\n"
	  "\n"
	  "1. Open UDP 5567 between the instances, beside 4567.\n"
	  "2. On every instance: `clock`. All must show the same time, to the second.\n"
	  "3. On every instance: `set ListenPort 5567`, then for each [Peer], its own too:\n"
	  "   `peer set ams1 Endpoint 192.0.2.2:5567`\n"
	  "   Of many peers, paste the whole file: `write vpn-public.conf`\n"
	  "   (The dataplane: `set DATA_PLANE_VPN_PORT 5568`, and no Endpoint changes.)\n"
	  "4. On every instance the same time, some minutes ahead, in UTC:\n"
	  "   `reconfigure at 14:00 confirm`\n"
	  "   `undo` cancels what waits.\n"
	  "5. When that time is over, on every instance: `show`. All are up: `confirm` on\n"
	  "   every instance, within 5 minutes; then close the old port. Else do nothing:\n"
	  "   each goes back to the old port by itself. The files keep the new one: mend\n"
	  "   them, and repeat step 4.\n" },
};

bool guide_print(const char *name)
{
	for (size_t i = 0; i < sizeof(guides) / sizeof(guides[0]); i++)
		if (!strcmp(name, guides[i].name)) {
			(void)fputs(guides[i].text, stdout);
			return true;
		}
	return false;
}
