/* Whether handshake messages take more time than they may (paper 5.3 leaves open what "under load" is). */
#ifndef WG_LOAD_H
#define WG_LOAD_H

#include <stdbool.h>
#include <stdint.h>

/* A bucket that work fills and time empties, at budget_ns per second; over its rim there is load, for a second more. */
struct load {
	uint64_t budget_ns;
	uint64_t spent_ns;
	uint64_t charged_ns; /* when */
	uint64_t until_ns;   /* load */
};

void load_charge(struct load *load, uint64_t work_ns, uint64_t now_ns);
bool load_is_high(const struct load *load, uint64_t now_ns);

#endif
