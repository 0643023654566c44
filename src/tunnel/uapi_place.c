#include "tunnel/uapi_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/served.h"
#include "base/text.h"
#include "tunnel/uapi_ask.h"

void uapi_place_find(struct uapi_place *place, const char *dir, const char *name)
{
	struct uapi_asker asker;

	place->dir = dir;
	place->own_err = -ENOENT;
	if (dir && realpath(dir, place->own_dir))
		place->own_err = uapi_asker_init(&asker, place->own_dir, name, UAPI_SOCKET_END);
	else if (dir)
		place->own_err = -errno;
	if (place->own_err < 0)
		place->own_dir[0] = '\0';
}

static bool is_served(const char *dir, const char *name)
{
	struct uapi_asker asker;

	return uapi_asker_init(&asker, dir, name, UAPI_SOCKET_END) == 0 && served(asker.path);
}

const char *uapi_place_choose(const struct uapi_place *place, const char *name, const char *device, char *warning, size_t cap)
{
	const char *why = NULL;

	if ((mkdir(UAPI_DIR, 0700) < 0 && errno != EEXIST) || access(UAPI_DIR, W_OK) < 0)
		why = strerror(errno);
	else if (is_served(UAPI_DIR, name))
		why = strerror(EADDRINUSE);
	if (!why)
		return UAPI_DIR;
	if (place->own_dir[0])
		text_format(warning, cap, "wg(8) will not find %s: cannot serve " UAPI_DIR "/%s" UAPI_SOCKET_END ": %s", device, name, why);
	else
		text_format(warning, cap, "cannot serve " UAPI_DIR "/%s" UAPI_SOCKET_END ": %s, nor in %s: %s", name, why,
			    place->dir ? place->dir : "another directory", strerror(-place->own_err));
	return place->own_dir[0] ? place->own_dir : UAPI_DIR;
}
