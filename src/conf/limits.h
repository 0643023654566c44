/* How large the files may be. */
#ifndef CONF_LIMITS_H
#define CONF_LIMITS_H

/* Bytes; which file has which is in set.c's table. */
enum {
	CONF_PUBLIC_MAX = 1 << 20,
	CONF_ENV_MAX = 1 << 20, /* it is others' too */
	CONF_OTHER_MAX = 1 << 16,
	CONF_LINE_MAX = 4096,
};

#endif
