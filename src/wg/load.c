#include "wg/load.h"

#include "base/clock.h"

enum {
	ASKED_RIM_NS = 20 * 1000 * 1000,
	COOKIES_RIM_NS = 20 * 1000 * 1000, /* 5,000 at once */
	TAKEN_RIM_NS = 5 * 1000 * 1000,    /* in one piece */
	MEAN_OF = 8,
};

/* What is left of the level. */
static uint64_t level(const struct load_bucket *b, uint64_t now_ns)
{
	uint64_t idle_ns = now_ns - b->at_ns, paid_ns;

	if (idle_ns >= NS_PER_S)
		idle_ns = NS_PER_S; /* no level is above what a second takes away */
	paid_ns = idle_ns / 1000 * (b->rate_ns / 1000) / 1000;
	return paid_ns < b->level_ns ? b->level_ns - paid_ns : 0;
}

/* Time that is too short to pay for anything is not lost. */
static void fill(struct load_bucket *b, uint64_t work_ns, uint64_t max_ns, uint64_t now_ns)
{
	uint64_t left_ns = level(b, now_ns);

	if (left_ns != b->level_ns || !left_ns)
		b->at_ns = now_ns;
	b->level_ns = left_ns + work_ns < max_ns ? left_ns + work_ns : max_ns;
}

static void open_bucket(struct load_bucket *b, uint64_t rate_ns, uint64_t rim_ns)
{
	*b = (struct load_bucket){ .rate_ns = rate_ns, .rim_ns = rim_ns < rate_ns / 2 ? rim_ns : rate_ns / 2 };
}

void load_open(struct load *load, uint64_t budget_ns)
{
	*load = (struct load){ .served_ns = LOAD_SERVED_NS };
	open_bucket(&load->asked, budget_ns / 3, ASKED_RIM_NS); /* load must come before all time is gone */
	open_bucket(&load->taken, budget_ns, TAKEN_RIM_NS);
	open_bucket(&load->cookies, budget_ns / 3 * 2, COOKIES_RIM_NS);
}

static void asked(struct load *load, uint64_t cost_ns, uint64_t now_ns)
{
	struct load_bucket *b = &load->asked;

	fill(b, cost_ns, b->rim_ns + 1, now_ns);
	if (b->level_ns > b->rim_ns && load->until_ns < now_ns + NS_PER_S)
		load->until_ns = now_ns + NS_PER_S;
}

static void taken(struct load *load, uint64_t cost_ns, uint64_t now_ns)
{
	fill(&load->taken, cost_ns, 3 * load->taken.rim_ns, now_ns);
}

void load_glanced(struct load *load, uint64_t now_ns)
{
	taken(load, LOAD_GLANCE_NS, now_ns);
}

void load_served(struct load *load, uint64_t cost_ns, bool wasted, uint64_t now_ns)
{
	load->served_ns = (load->served_ns * (MEAN_OF - 1) + cost_ns) / MEAN_OF;
	if (!wasted)
		return;
	asked(load, cost_ns, now_ns);
	taken(load, cost_ns, now_ns);
}

void load_refused(struct load *load, uint64_t now_ns)
{
	asked(load, load->served_ns, now_ns);
}

bool load_may_send_cookie(struct load *load, uint64_t now_ns)
{
	struct load_bucket *b = &load->cookies;

	if (level(b, now_ns) + LOAD_COOKIE_NS > b->rim_ns)
		return false;
	fill(b, LOAD_COOKIE_NS, b->rim_ns, now_ns);
	taken(load, LOAD_COOKIE_NS, now_ns);
	return true;
}

bool load_is_high(const struct load *load, uint64_t now_ns)
{
	return now_ns < load->until_ns;
}

/* Down to half of the rim, so that what is read then is a batch. */
uint64_t load_rest_ns(const struct load *load, uint64_t now_ns)
{
	const struct load_bucket *b = &load->taken;
	uint64_t level_ns = level(b, now_ns);

	return level_ns <= b->rim_ns ? 0 : (level_ns - b->rim_ns / 2) * 1000 / (b->rate_ns / NS_PER_MS);
}

bool load_is_full(const struct load *load, uint64_t now_ns)
{
	return level(&load->taken, now_ns) > 2 * load->taken.rim_ns;
}
