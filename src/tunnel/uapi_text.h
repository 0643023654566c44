/* What a program behind a UAPI socket answers, into values; and what it is to be, into lines. Pure: the answers are any bytes. */
#ifndef TUNNEL_UAPI_TEXT_H
#define TUNNEL_UAPI_TEXT_H

#include "tunnel/uapi_lines.h"

/* What the second socket tells of the program besides what goes into a config. */
struct uapi_program {
	uint32_t index; /* of its interface; 0: it does not say */
	char trouble[TUNNEL_ERROR_LEN]; /* "": none */
	bool lacks_opener; /* who opens sockets for it, as it has no right to, is gone; false where it does not say */
};

/* An answer that is read line by line. Zeros and running at first. */
struct uapi_answer {
	struct tunnel_config *running; /* NULL: of a set, which has nothing to tell */
	bool stays;                    /* of a watch: something may stand behind it */
	struct uapi_program *program;  /* of the second socket's get, else NULL */
	struct tunnel_peer *peer; /* that the lines are about */
	bool of_peer;             /* they are about one, maybe none that running has */
	bool ended;               /* the errno was there */
	int refused;              /* what it says by that: 0 or -errno */
	char error[TUNNEL_ERROR_LEN]; /* its words for that; "": none */
};

/* A line, without its newline, that is not empty: 0; -EPROTO for what no answer may have, -EINVAL for a value out of bounds, -ENOSPC for more
 * than a config holds. Keys that are not known are passed over. */
int uapi_answer_line(struct uapi_answer *answer, struct slice line);

/* Whole requests. */
void uapi_text_get(struct uapi_lines *lines);
void uapi_text_device(struct uapi_lines *lines, const struct tunnel_config *config);
void uapi_text_peer(struct uapi_lines *lines, const struct tunnel_config *config, const struct tunnel_peer *peer, unsigned fields);
void uapi_text_remove(struct uapi_lines *lines, const uint8_t public_key[static TUNNEL_KEY_LEN]);
void uapi_text_nics(struct uapi_lines *lines, const struct tunnel_nic *nics, size_t count); /* to the second socket */
void uapi_text_opener(struct uapi_lines *lines); /* likewise; a descriptor goes with it */
void uapi_text_watch(struct uapi_lines *lines); /* likewise */

#endif
