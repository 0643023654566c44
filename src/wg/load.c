#include "wg/load.h"

#include "base/clock.h"

void load_charge(struct load *load, uint64_t work_ns, uint64_t now_ns)
{
	uint64_t idle_ns = now_ns - load->charged_ns;
	uint64_t paid_ns = idle_ns < NS_PER_S ? idle_ns / 1000 * (load->budget_ns / 1000) / 1000 : load->budget_ns;

	load->charged_ns = now_ns;
	load->spent_ns -= paid_ns < load->spent_ns ? paid_ns : load->spent_ns;
	load->spent_ns += work_ns;
	if (load->spent_ns <= load->budget_ns)
		return;
	load->spent_ns = load->budget_ns; /* what came in before the guard was up is forgiven */
	load->until_ns = now_ns + NS_PER_S;
}

bool load_is_high(const struct load *load, uint64_t now_ns)
{
	return now_ns < load->until_ns;
}
