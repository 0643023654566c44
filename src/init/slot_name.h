/* What a UKI on the ESP is called, as systemd-boot counts: gateway_VERSION.efi, gateway_VERSION+LEFT-DONE.efi while it is on trial. */
#ifndef INIT_SLOT_NAME_H
#define INIT_SLOT_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum { SLOT_VERSION_LEN = 40, SLOT_NAME_LEN = 80, SLOT_TRIES = 3, SLOT_TRIES_MAX = 99 };

struct slot {
	char version[SLOT_VERSION_LEN];
	bool counted;        /* on trial: not confirmed yet */
	unsigned left, done; /* boots; 0 when it is not counted */
};

/* A version is "1.2.3" or "1.2.3~rc4". */
bool slot_is_version(const char *text);
/* Below 0 when a is older, 0 for the same. Both are versions. "1.2.3~rc4" comes before "1.2.3". */
int slot_compare_versions(const char *a, const char *b);

const char *slot_tries(unsigned left); /* the word behind that number */

/* A file's name, in whatever case FAT has it. False: none of ours. */
bool slot_name_parse(const char *name, struct slot *slot);
void slot_name(const struct slot *slot, char name[static SLOT_NAME_LEN]);

#endif
