#include "nics/loss.h"

#include "base/paths.h"

void loss_print_cuts(struct control_call *call, bool last, const struct claimed *claimed)
{
	char address[INET_ADDR_STRLEN];

	control_print(call, CONTROL_ERR, "%s%s", last ? "the last NIC address" : "", last && claimed->count ? " and " : "");
	if (claimed->count == 1)
		control_print(call, CONTROL_ERR, "the machine that has %s now", inet_addr_text(&claimed->list[0].address, address));
	else if (claimed->count)
		control_print(call, CONTROL_ERR, "machines that have %zu of the addresses now", claimed->count);
	control_print(call, CONTROL_ERR, "\n");
}

void loss_print(struct control_call *call, const char *loss, const struct claimed *claimed)
{
	char address[INET_ADDR_STRLEN];

	if (*loss)
		control_print(call, CONTROL_ERR, NAME_NETWORK ": %s: nothing is applied without --force\n", loss);
	for (size_t i = 0; i < claimed->count; i++) {
		const struct claimed_address *claim = &claimed->list[i];
		const uint8_t *other = claim->other;

		control_print(call, CONTROL_ERR,
			      NAME_NETWORK ": another machine has %s, %02x:%02x:%02x:%02x:%02x:%02x: nothing is applied without --force\n",
			      inet_addr_text(&claim->address, address), other[0], other[1], other[2], other[3], other[4], other[5]);
	}
}
