/* NICs whose link comes and goes, as lines for the log. */
#ifndef NICS_CARRIERS_H
#define NICS_CARRIERS_H

#include <net/if.h>

#include "base/loop.h"
#include "network/nics.h"

/* A NIC that has been told of is told of again after so long: how often it changed meanwhile, and what it is by then. */
enum { CARRIERS_AGAIN_S = 10, CARRIERS_LINE_LEN = 128 };

struct carriers {
	struct carrier {
		uint32_t index;
		char name[IFNAMSIZ];
		bool up, carrier, there; /* as it is */
		bool told;
		uint64_t told_ns;
		unsigned changes; /* since it was told */
	} list[NICS_MAX];
	size_t count;
	bool looked; /* what was there at first is no news */
	void (*line)(const char *text);
	struct loop *loop;
	struct loop_timer again;
	struct nl *nl;
};

/* As this host has them from now on, into the log; loop and nl are borrowed for good. */
void carriers_open(struct carriers *carriers, struct loop *loop, struct nl *nl);
void carriers_follow(struct carriers *carriers, uint64_t now_ns); /* something has changed */

/* Pure: the NICs as they are now. When to look again, since something is held back; 0: nothing is. */
uint64_t carriers_look(struct carriers *carriers, const struct nics *nics, uint64_t now_ns);

#endif
