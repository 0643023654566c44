/* The server's end of the control socket: many clients at once, no write ever blocks the loop. */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include <stdbool.h>

#include "base/loop.h"
#include "control/control.h"

/* A client that hears nothing for CONTROL_SILENCE_MAX_S gives up, so while an answer takes its time an empty packet
 * goes out every CONTROL_ALIVE_S. */
enum { CONTROL_CALLS_MAX = 16, CONTROL_OUTPUT_MAX = 4 << 20, CONTROL_ALIVE_S = 10 };

/* Who connected and asks nothing, and whose answer is not read on, is closed after so long; or at once, when its place is
 * wanted: the one that came first. */
enum { CONTROL_ASK_MAX_S = 30, CONTROL_UNREAD_MAX_S = 300 };

struct control_server;

/* One client and its request. */
struct control_call {
	struct loop_source source;
	struct control_server *server; /* NULL: a free slot */
	int passed_fd;                 /* came with the request, -1: none; closed with the call */
	uint64_t number;               /* the server's count when it came */
	bool asked;
	bool ended;                    /* control_end was called: what is left goes out, then it closes */
	void *job;                     /* of whoever answers later */
	void (*cancelled)(struct control_call *call); /* the client left before control_end; may be NULL */
	void (*stop)(struct control_call *call); /* it has had enough, and waits for control_end; NULL: that is leaving */
	char *out;                     /* the server's: packets not sent yet, each behind its length */
	size_t out_len, out_cap, out_sent, out_last;
	bool waiting_to_send, stopping;
	unsigned idle_s;  /* it asked nothing, nor read anything, for so long; in steps of CONTROL_ALIVE_S */
	int unread_bytes; /* in the socket, then */
};

/* Answers with control_print and, now or later, exactly one control_end. */
typedef void control_request_fn(struct control_call *call, int argc, char **argv, uint64_t now_ns);

struct control_server {
	struct loop *loop;
	struct loop_source listener;
	control_request_fn *request;
	void *arg;
	char path[CONTROL_PATH_LEN];
	struct loop_timer alive; /* while a call is open */
	struct control_call calls[CONTROL_CALLS_MAX];
	uint64_t count; /* of calls so far */
};

/* Makes dir (0700) and the socket (0600) in it; a socket that no one answers on is replaced: 0 or -errno,
 * -EADDRINUSE when another process serves it. */
int control_serve(struct control_server *server, struct loop *loop, const char *dir, const char *name,
		  control_request_fn *request, void *arg);
void control_close(struct control_server *server);

void control_print(struct control_call *call, enum control_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void control_print_line(void *call, const char *text); /* to standard output, for who calls back with lines */
void control_flush(struct control_call *call); /* what was printed goes out now, the rest of the answer later */
void control_end(struct control_call *call, int status); /* 0..255; call is not to be used afterwards */

#endif
