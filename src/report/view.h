/* How a path and its peers are printed: one view for each form, all of the same tree. */
#ifndef REPORT_VIEW_H
#define REPORT_VIEW_H

#include "report/tree.h"

enum { REPORT_OUT_LEN = 2000 };

/* Gathers what is printed, and hands it on in large pieces. */
struct report_out {
	void (*write)(void *arg, const char *bytes, size_t len);
	void *arg;
	char bytes[REPORT_OUT_LEN];
	size_t len;
};

/* Words and numbers of our own, up to 511 bytes. */
void report_print(struct report_out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Text of any length; and several behind each other, up to a NULL. */
void report_put(struct report_out *out, const char *text);
void report_put_all(struct report_out *out, ...) __attribute__((sentinel));
void report_flush(struct report_out *out); /* what was gathered is wiped: a key may be in it */

/* path is the root of the path's tree; peer an object in the tree peers, which may hold some of them at a time. */
struct report {
	struct report_tree path, peers;
	struct report_out out;
	int64_t now_s;  /* CLOCK_REALTIME */
	bool of_all;    /* wg(8) was asked for all interfaces: each line begins with the name of one */
	size_t printed; /* peers so far */
	unsigned pass;  /* from 0 */
};

struct report_view {
	const char *name;
	bool by_handshake; /* the peers are to come with the last handshake first, as wg(8) shows them to people */
	void (*head)(struct report *report);
	void (*peer)(struct report *report, const struct report_node *peer);
	void (*tail)(struct report *report);
};

/* lines: what report/overview reads. peer: the detail of a peer alone. */
extern const struct report_view report_as_lines, report_as_peer, report_as_text, report_as_json, report_as_metrics, report_as_wg, report_as_wg_conf;

/* What wg(8) shows of one FIELD of an interface: public-key, endpoints, transfer, ... NULL: there is no such field. */
const struct report_view *report_wg_field(const char *name);

/* So often a view comes to all peers, with its head before each time and report->pass counting them. */
unsigned report_passes(const struct report_view *view);

/* All of report->peers. */
void report_view_peers(struct report *report, const struct report_view *view);

#endif
