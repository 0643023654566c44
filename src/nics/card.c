#include "nics/card.h"

#include <string.h>

#include "base/text.h"
#include "network/offloads.h"
#include "nics/around.h"

enum { ROW_LEN = 512 };

bool card_is_same(const struct nic_hardware *a, const struct nic_hardware *b)
{
	const char *function = strrchr(a->path, '.');
	/* What hangs on USB stands behind that, and is a card of its own. */
	size_t len = function && !strchr(function, '-') ? (size_t)(function - a->path) + 1 : 0;

	return len && strlen(b->path) == strlen(a->path) && !strncmp(a->path, b->path, len);
}

static void add_siblings(struct text *row, const struct nics *nics, const struct link *link, const struct nic_hardware *hardware)
{
	struct nic_hardware other;
	unsigned count = 0;

	for (size_t i = 0; i < nics->count; i++) {
		if (nics->list[i].index == link->index || !nics_is_nic(&nics->list[i]))
			continue;
		hardware_read(HARDWARE_CLASS_DIR, nics->list[i].name, &other);
		if (card_is_same(hardware, &other))
			text_add(row, "%s%s", count++ ? ", " : "; one card with ", nics->list[i].name);
	}
}

static void print_hardware(const struct nics *nics, const struct link *link, const struct nic_hardware *hardware, wrap_line_fn *line,
			   void *arg)
{
	struct ethtool *ethtool = offloads_ethtool();
	struct ethtool_link is = { .speed_mbit = 0 };
	char bytes[ROW_LEN];
	struct text row;

	if (!ethtool || ethtool_link_get(ethtool, link->index, &is) < 0)
		is = (struct ethtool_link){ .speed_mbit = hardware->speed_mbit };
	text_init(&row, bytes, sizeof(bytes));
	text_add(&row, "  hardware %s", hardware->driver[0] ? hardware->driver : "no driver");
	if (hardware->path[0])
		text_add(&row, ", %s, port %u", hardware->path, hardware->port);
	if (is.speed_mbit && link->carrier)
		text_add(&row, ", %u Mbit/s", is.speed_mbit);
	if (is.duplex != ETHTOOL_DUPLEX_UNKNOWN && link->carrier)
		text_add(&row, ", %s", is.duplex == ETHTOOL_DUPLEX_FULL ? "full duplex" : "HALF DUPLEX");
	if (hardware->path[0])
		add_siblings(&row, nics, link, hardware);
	wrap_text(bytes, AROUND_LABEL, line, arg);
}

static void print_rings(const struct link *link, wrap_line_fn *line, void *arg)
{
	struct ethtool *ethtool = offloads_ethtool();
	struct ethtool_rings rings;
	char bytes[ROW_LEN];

	if (!ethtool || ethtool_rings_get(ethtool, link->index, &rings) < 0 || !rings.rx_max)
		return;
	text_format(bytes, sizeof(bytes), "  rings    in: %u packets of at most %u; out: %u of %u", rings.rx, rings.rx_max, rings.tx, rings.tx_max);
	wrap_text(bytes, AROUND_LABEL, line, arg);
}

static void add_offloads(struct text *row, const char *label, uint32_t mask)
{
	unsigned count = 0;

	for (unsigned i = 0; i < NETWORK_OFFLOADS; i++)
		if (mask >> i & 1)
			text_add(row, "%s%s", count++ ? ", " : label, offloads_name((enum network_offload)i));
}

static void print_offloads(const struct link *link, bool whole, wrap_line_fn *line, void *arg)
{
	const uint32_t all = (UINT32_C(1) << NETWORK_OFFLOADS) - 1;
	struct ethtool_features is;
	char bytes[ROW_LEN];
	struct text row;

	if (offloads_get(link->index, &is) < 0)
		return;
	text_init(&row, bytes, sizeof(bytes));
	text_add(&row, "  offloads %s", is.active ? "" : "none on");
	add_offloads(&row, "", is.active);
	add_offloads(&row, "; off: ", is.can & ~is.active);
	if (whole)
		add_offloads(&row, "; it has no: ", all & ~is.can & ~is.active);
	wrap_text(bytes, AROUND_LABEL, line, arg);
}

void card_print(const struct nics *nics, const struct link *link, const struct nic_hardware *hardware, bool whole, wrap_line_fn *line,
		void *arg)
{
	print_hardware(nics, link, hardware, line, arg);
	print_rings(link, line, arg);
	print_offloads(link, whole, line, arg);
}
