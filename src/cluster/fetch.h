/* The asking side of the cluster's port: the bundle that a peer runs, into a file that may have the beginning of it already. What comes is
 * bounded in size, time and rate, and is no one's word: whoever asked checks it. */
#ifndef CLUSTER_FETCH_H
#define CLUSTER_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/exchange.h"

enum {
	FETCH_CONNECT_S = 10,
	FETCH_ANSWER_S = 90,       /* the peer reads its disk first */
	FETCH_SILENCE_S = 10,      /* without a byte: the connection is broken */
	FETCH_LEAST_RATE = 4096,   /* bytes a second, over what follows */
	FETCH_SLACK_S = 15,        /* so much may be lost on it at first, */
	FETCH_SLACK_MAX_S = 60,    /* and by and by */
	FETCH_END_S = 5,           /* for the end of the connection behind the last byte */
	FETCH_WORDS_LEN = 128,
};

enum fetch_end {
	FETCH_WHOLE,   /* all of it is in the file */
	FETCH_BROKEN,  /* what has come is kept, and the rest can be asked for */
	FETCH_NOTHING, /* the peer has none, or cannot be talked to: asking again does not help */
	FETCH_REFUSED, /* it sent what no honest peer sends, or is too slow; or `begins` said no: what has come is worth nothing */
	FETCH_FAILED,  /* the file cannot be written */
};

struct fetch {
	int file;         /* read and written */
	uint64_t len_max; /* of a bundle */
	/* Called once the head is there, before the rest is taken: false, told: it is not wanted. */
	bool (*begins)(void *arg, const uint8_t head[static EXCHANGE_HEAD_LEN], uint64_t len);
	void (*progress)(void *arg, uint64_t at, uint64_t len);
	void *arg;
	/* what follows is told */
	uint64_t at, len;            /* in the file; of the whole, 0: not known */
	bool answered;               /* the peer did */
	char words[FETCH_WORDS_LEN]; /* why it is not whole; "" when `begins` told */
};

/* socket is connected, or about to be; it is left open. */
enum fetch_end fetch_bundle(struct fetch *fetch, int socket);

#endif
