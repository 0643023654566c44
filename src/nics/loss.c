#include "nics/loss.h"

#include "base/paths.h"
#include "base/plan_line.h"

/* Behind "this cuts". */
static void print_cuts(struct control_call *call, bool last, const struct claimed *claimed)
{
	const char *kind = plan_kind_word(PLAN_NICS);
	char address[INET_ADDR_STRLEN];

	if (last)
		control_print(call, CONTROL_ERR, "%s\tthe last NIC address\n", kind);
	if (claimed->count == 1)
		control_print(call, CONTROL_ERR, "%s\tthe machine that has %s now\n", kind, inet_addr_text(&claimed->list[0].address, address));
	else if (claimed->count)
		control_print(call, CONTROL_ERR, "%s\tmachines that have %zu of the addresses now\n", kind, claimed->count);
}

static void print_sentences(struct control_call *call, const char *loss, const struct claimed *claimed)
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

void loss_print(struct control_call *call, bool by_kind, const char *loss, const struct claimed *claimed)
{
	if (by_kind)
		print_cuts(call, *loss, claimed);
	else
		print_sentences(call, loss, claimed);
}
