#include "outer/links.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "outer/alone.h"
#include "outer/behind.h"
#include "outer/neighbour.h"
#include "outer/output.h"
#include "outer/stack.h"
#include "outer/table.h"

static struct {
	struct loop *loop;
	bool gso;
	const struct outer_host *host;
	loop_ready_fn *ready;
	struct nic nics[OUTER_LINK_MAX];
} l;

struct nic *links_find(uint32_t index)
{
	for (size_t i = 0; i < OUTER_LINK_MAX; i++)
		if (l.nics[i].used && l.nics[i].link.index == index)
			return &l.nics[i];
	return NULL;
}

static void link_close(struct nic *nic)
{
	output_flush();
	neighbour_forget(nic->link.index);
	behind_remove(nic);
	loop_remove(l.loop, &nic->source);
	stack_remove(&nic->netif);
	nic_close(nic);
}

static int link_open(const struct outer_link *link, uint16_t port)
{
	struct nic *nic = l.nics;
	int fd, err;

	while (nic < l.nics + OUTER_LINK_MAX && nic->used)
		nic++;
	if (nic == l.nics + OUTER_LINK_MAX)
		return -ENOSPC;
	memset(nic, 0, sizeof(*nic));
	nic->gso = l.gso;
	fd = l.host->open_link(l.host->arg, link, port, false);
	if (fd < 0)
		return fd;
	nic_open(nic, link, fd);
	err = behind_add(nic, port);
	if (!err)
		err = loop_add(l.loop, &nic->source, nic->source.fd, EPOLLIN, l.ready);
	if (err < 0) {
		behind_remove(nic);
		nic_close(nic);
		return err;
	}
	stack_add(&nic->netif, nic, output_packet);
	return 0;
}

static bool link_stayed(const struct nic *nic)
{
	const struct outer_link *link = table_link(table_now(), nic->link.index);

	return link && link->alone == nic->link.alone && memcmp(link->mac, nic->link.mac, OUTER_MAC_LEN) == 0 &&
	       nic_is_there(nic);
}

/* What is new since old, NULL: all of it. */
static void announce(struct nic *nic, const struct outer_table *old)
{
	const struct outer_table *table = table_now();

	for (size_t i = 0; i < table->address_count && nic->link.alone; i++) {
		const struct outer_address *address = &table->addresses[i];

		if (address->index == nic->link.index &&
		    (!old || !table_is_ours_on(old, address->index, &address->prefix.addr)))
			alone_announce(nic, &address->prefix.addr);
	}
}

void links_announce(uint32_t index)
{
	struct nic *nic = links_find(index);

	if (nic)
		announce(nic, NULL);
}

int links_refresh(const struct outer_table *table, uint16_t port, uint32_t *failed_index)
{
	static struct outer_table old;
	int err = 0;

	table_copy(&old, table_now());
	table_take(table);
	table = table_now();
	for (size_t i = 0; i < OUTER_LINK_MAX; i++)
		if (l.nics[i].used && !link_stayed(&l.nics[i]))
			link_close(&l.nics[i]);
	for (size_t i = 0; i < table->link_count; i++) {
		const struct outer_link *link = &table->links[i];
		struct nic *nic = links_find(link->index);
		bool is_new = !nic;
		int failed = is_new ? link_open(link, port) : 0;

		if (failed < 0 && !err && failed_index)
			*failed_index = link->index;
		if (failed < 0)
			err = err ? err : failed;
		nic = links_find(link->index);
		if (!nic)
			continue;
		nic->link = *link;
		announce(nic, is_new ? NULL : &old);
	}
	return err;
}

static int link_set_port(struct nic *nic, uint16_t port)
{
	int err = nic_set_port(nic, port);

	return err < 0 ? err : behind_set_port(nic, port);
}

static int set_port(uint16_t port)
{
	int err = 0;

	for (size_t i = 0; i < OUTER_LINK_MAX && !err; i++)
		if (l.nics[i].used)
			err = link_set_port(&l.nics[i], port);
	return err;
}

int links_set_port(uint16_t port, uint16_t before)
{
	int err = set_port(port);

	for (size_t i = 0; i < OUTER_LINK_MAX && err < 0; i++)
		if (l.nics[i].used)
			(void)link_set_port(&l.nics[i], before);
	return err;
}

void links_open(struct loop *loop, const struct outer_host *host, bool gso, loop_ready_fn *ready)
{
	memset(&l, 0, sizeof(l));
	l.loop = loop;
	l.host = host;
	l.gso = gso;
	l.ready = ready;
	table_clear();
}

void links_close(void)
{
	for (size_t i = 0; i < OUTER_LINK_MAX; i++)
		if (l.nics[i].used)
			link_close(&l.nics[i]);
}
