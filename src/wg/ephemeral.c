#include "wg/ephemeral.h"

#include "base/clock.h"

static bool ephemeral_make(struct wg_device *d, struct noise_ephemeral *e)
{
	if (d->host.random(d->host.arg, e->private_key, sizeof(e->private_key)) < 0)
		return false;
	noise_make_ephemeral(e);
	return true;
}

bool ephemeral_take(struct wg_device *d, struct noise_ephemeral *e, uint64_t now_ns)
{
	struct ephemerals *all = &d->ephemerals;

	ephemerals_forget_old(d, now_ns);
	if (!all->count)
		return ephemeral_make(d, e);
	all->count--;
	*e = all->ready[all->count].key;
	wipe(&all->ready[all->count], sizeof(all->ready[0]));
	return true;
}

void ephemerals_forget(struct wg_device *d)
{
	wipe(&d->ephemerals, sizeof(d->ephemerals));
}

uint64_t ephemerals_due_ns(const struct wg_device *d)
{
	return d->ephemerals.count ? d->ephemerals.ready[0].born_ns + EPHEMERAL_MAX_AGE_S * NS_PER_S : WG_NEVER;
}

/* Those that are younger go with the oldest: they are made again in no time. */
void ephemerals_forget_old(struct wg_device *d, uint64_t now_ns)
{
	if (now_ns >= ephemerals_due_ns(d))
		ephemerals_forget(d);
}

/* A key costs the load guard nothing: only a handshake that proved itself, or one of our own, takes one. */
void wg_prepare(struct wg_device *d, uint64_t now_ns)
{
	struct ephemerals *all = &d->ephemerals;

	if (!d->up || !d->identity.known || all->count == EPHEMERALS)
		return;
	while (all->count < EPHEMERALS && ephemeral_make(d, &all->ready[all->count].key))
		all->ready[all->count++].born_ns = now_ns;
}
