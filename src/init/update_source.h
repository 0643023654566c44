/* Where an update comes from: a file on the persistent partition, update.bundle on a USB stick, which is read without a mount, or what a
 * peer has sent. */
#ifndef INIT_UPDATE_SOURCE_H
#define INIT_UPDATE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "init/bundle.h"

#define UPDATE_FILE "update.bundle"
#define UPDATE_USB "usb"

enum { UPDATE_PLACE_LEN = 320 };

struct update_source {
	char place[UPDATE_PLACE_LEN]; /* its path, the stick's device, or the peer's name */
	bool is_stick;
	int fetched; /* what came from a peer; -1: it comes from none */
	int fd;     /* -1: closed */
	pid_t tool; /* what reads the stick */
};

/* A file's name without a slash, or UPDATE_USB. False, and the words, when there is none. */
bool update_source_find(struct update_source *source, const char *from);

/* Reads it from its beginning on, once: 0 or -errno. */
int update_source_open(struct update_source *source);
/* All of len, or -ENODATA at its end, or -errno. */
int update_source_read(struct update_source *source, void *buf, size_t len);
/* The next len bytes, also to a descriptor (-1: none): -EBADMSG when they have another sum, or as the two above. */
int update_source_pass(struct update_source *source, uint64_t len, const uint8_t sha[static SHA256_LEN], int fd);
void update_source_close(struct update_source *source);

#endif
