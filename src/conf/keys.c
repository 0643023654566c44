#include "conf/keys.h"

#include <string.h>

const struct conf_format *const conf_formats[CONF_FORMATS] = {
	&vpn_private_format,
	&vpn_public_format,
	&env_format,
	&network_format,
};

bool conf_is_key(const struct conf_key *key, const char *word)
{
	struct slice name = slice_of(word), section;

	if (slice_equal_nocase(name, key->name))
		return true;
	slice_cut(&name, '.', &section);
	return name.ptr && key->section[0] && slice_equal_nocase(section, key->section) && slice_equal_nocase(name, key->name);
}

bool conf_names_key(const char *word)
{
	for (size_t i = 0; i < CONF_FORMATS; i++)
		for (size_t j = 0; j < conf_formats[i]->key_count; j++)
			if (conf_is_key(&conf_formats[i]->keys[j], word))
				return true;
	return false;
}

bool conf_near(struct slice name, const char *known)
{
	size_t distance = text_distance(name, known, 2);

	return distance != SIZE_MAX && distance * 2 < strlen(known);
}
