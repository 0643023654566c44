/* The four files as one text that a serial line, a terminal and a mail carry: written, and read line by line. Pure.
 *
 * At most 72 columns of ASCII, so that nothing wraps it at 80; no line ends in a blank; blanks around a line, CRs and empty
 * lines do not count. A sum stands with each file and one over all:
 *
 *     mitigator-export 1 with-keys      or without-keys
 *     file NAME BYTES SUM               or "none NAME"; then its bytes:
 *     :TEXT                             a line
 *     +TEXT                             a piece of a line
 *     =HEX                              bytes that are no text, or blanks at an end
 *     end SUM */
#ifndef CONF_PASTE_H
#define CONF_PASTE_H

#include "base/text.h"
#include "conf/files.h"
#include "conf/limits.h"
#include "crypto/blake2s.h"

enum { PASTE_FILE_SUM_LEN = 8, PASTE_SUM_LEN = 16, PASTE_LINE_MAX = 256, PASTE_ERROR_LEN = 320 };

void paste_write(const struct conf_text texts[static CONF_FILES], bool keys, void (*line)(void *arg, const char *text),
		 void *arg);

/* What is read. Large: static storage only. Holds keys: paste_wipe when done. */
struct paste {
	struct paste_file {
		struct conf_text text; /* its bytes are in buffers below */
		bool named;            /* it has its line, "file" or "none" */
		size_t len;            /* as that line says */
		unsigned line;         /* where that line is */
		uint8_t sum[PASTE_FILE_SUM_LEN];
	} files[CONF_FILES];
	bool begun, ended, keys, sum_wrong;
	unsigned line;
	struct paste_file *file; /* whose bytes come now, NULL: none's */
	struct blake2s sum;
	char error[PASTE_ERROR_LEN]; /* of the first line that is none of an export; "" */
	char public_bytes[CONF_PUBLIC_MAX + 1];
	char env_bytes[CONF_ENV_MAX + 1];
	char private_bytes[CONF_OTHER_MAX + 1];
	char network_bytes[CONF_OTHER_MAX + 1];
};

void paste_init(struct paste *paste);

/* A line without its end; those before the first of an export are passed over. True once the last one was read. */
bool paste_line(struct paste *paste, struct slice line);

/* A line that was too long to be kept: it counts, and is no line of an export. */
void paste_line_too_long(struct paste *paste);

/* All was read: NULL, or what is wrong with it, as in "vpn-public.conf (from line 12 of the paste) is damaged: ...". */
const char *paste_check(struct paste *paste);

void paste_wipe(struct paste *paste);

#endif
