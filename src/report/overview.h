/* Both paths on one screen: trouble first, one line a peer, the worst first. Pure: what the services say comes in, lines go out. */
#ifndef REPORT_OVERVIEW_H
#define REPORT_OVERVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/wrap.h"

enum {
	OVERVIEW_PATHS = 2,
	OVERVIEW_PEERS_MAX = 2048, /* of both paths, should they have other ones */
	OVERVIEW_WIDTH = WRAP_WIDTH,
	OVERVIEW_ROWS = 15, /* peers on a screen of 24 rows, with some trouble above */
};

/* From best to worst; gateway/watch has what they mean. */
enum overview_verdict { OVERVIEW_UP, OVERVIEW_IDLE, OVERVIEW_NEW, OVERVIEW_NO_ENDPOINT, OVERVIEW_DOWN, OVERVIEW_VERDICTS };

extern const char *const overview_verdicts[OVERVIEW_VERDICTS];

struct overview_path {
	bool answered;
	char state[64], reason[320], trouble[320];
	uint64_t mtu_bytes; /* inside; 0: not known */
};

struct overview_on {
	bool there;
	uint8_t verdict;
	int64_t age_s;
	uint64_t received_bytes, sent_bytes;
};

struct overview_peer {
	char key[48], name[72], address[48];
	struct overview_on on[OVERVIEW_PATHS];
};

/* Large: static storage only. */
struct overview {
	char name[72], address[48]; /* of this instance */
	struct overview_path paths[OVERVIEW_PATHS];
	struct overview_peer peers[OVERVIEW_PEERS_MAX];
	size_t peer_count;
	struct overview_peer *sorted[OVERVIEW_PEERS_MAX];
};

typedef wrap_line_fn overview_line_fn;

/* What a path's service says of itself (report/lines): false for what it cannot have said. */
bool overview_read(struct overview *overview, unsigned path, struct slice text);

/* Lines of at most OVERVIEW_WIDTH columns, cut at blanks; what belongs to a label goes on below it. */
void overview_wrap(const char *text, overview_line_fn *line, void *arg);
/* What is wrong with a path as a whole, nothing when nothing is. */
void overview_print_paths(const struct overview *overview, overview_line_fn *line, void *arg);
/* The table and its sum. */
void overview_print_peers(struct overview *overview, size_t rows, overview_line_fn *line, void *arg);
/* The same with bytes a second; before: passed_ms ago. */
void overview_print_rates(struct overview *overview, const struct overview *before, uint64_t passed_ms, size_t rows,
			  overview_line_fn *line, void *arg);
/* Whether anything is to be mended. */
bool overview_is_fine(const struct overview *overview);

#endif
