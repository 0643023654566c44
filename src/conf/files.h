/* The operator's four files: what each is called and may be. */
#ifndef CONF_FILES_H
#define CONF_FILES_H

#include <stdbool.h>
#include <stddef.h>

enum conf_file { CONF_PRIVATE, CONF_PUBLIC, CONF_ENV, CONF_NETWORK, CONF_FILES };

struct conf_text {
	bool present;
	bool read;   /* its bytes are here */
	bool shared; /* others of this host may read it */
	size_t len;
	char *bytes; /* in buffers of whoever has it */
};

struct conf_file_kind {
	const char *name;
	size_t limit; /* bytes */
	bool private; /* for its owner only */
};

extern const struct conf_file_kind conf_files[CONF_FILES];

/* The file's name in its directory ("vpn-private.conf", ".env"). */
const char *conf_file_name(enum conf_file file);

#endif
