#include "network/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "network/nics.h"

static int compare(const void *a, const void *b)
{
	const struct nic_place *one = a, *other = b;
	int by_path = strcmp(one->hardware.path, other->hardware.path);

	if (!one->hardware.path[0] != !other->hardware.path[0])
		return one->hardware.path[0] ? -1 : 1;
	if (by_path)
		return by_path;
	if (one->hardware.port != other->hardware.port)
		return one->hardware.port < other->hardware.port ? -1 : 1;
	return one->index < other->index ? -1 : 1;
}

void names_sort(struct nic_place *places, size_t count)
{
	qsort(places, count, sizeof(*places), compare);
}

static bool is_numbered(const char *name)
{
	uint64_t number;

	return !strncmp(name, "eth", 3) && text_uint(slice_of(name + 3), UINT16_MAX, &number) == 0;
}

static void name_of(size_t number, char name[static IFNAMSIZ])
{
	text_format(name, IFNAMSIZ, "eth%zu", number);
}

/* A name may be taken by a NIC that is to have another: all of those step aside first. */
static int rename_all(struct nl *nl, const struct nic_place *places, size_t count, size_t *renamed)
{
	char name[IFNAMSIZ];
	int err = 0;

	for (int aside = 1; aside >= 0; aside--)
		for (size_t i = 0; i < count && !err; i++) {
			name_of(i, name);
			if (!strcmp(places[i].name, name))
				continue;
			if (aside)
				text_format(name, sizeof(name), "aside%zu", i);
			err = link_set_name(nl, places[i].index, name);
			*renamed += !aside;
		}
	return err;
}

int names_apply(struct nl *nl, char *words, size_t cap)
{
	static struct nics nics;
	static struct nic_place places[NICS_MAX];
	size_t count = 0, renamed = 0;
	int err = nics_find(nl, &nics);

	for (size_t i = 0; i < nics.count && !err; i++) {
		struct nic_place *place = &places[count];

		if (!is_numbered(nics.list[i].name))
			continue;
		*place = (struct nic_place){ .index = nics.list[i].index };
		memcpy(place->name, nics.list[i].name, sizeof(place->name));
		hardware_read(HARDWARE_CLASS_DIR, place->name, &place->hardware);
		count++;
	}
	names_sort(places, count);
	if (!err)
		err = rename_all(nl, places, count, &renamed);
	text_format(words, cap, "%zu NIC%s, %zu renamed by where they are", count, text_plural(count), renamed);
	return err;
}
