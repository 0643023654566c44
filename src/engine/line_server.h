/* Serves requests of lines on a unix socket, root only: an empty line ends a request, and so it does an answer. Who asks and does
 * not read, or says nothing, is in no one's way. UAPI's socket is one, and what it cannot say goes over another. */
#ifndef ENGINE_LINE_SERVER_H
#define ENGINE_LINE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/loop.h"
#include "base/text.h"
#include "engine/line_out.h"

/* LINE_QUIET_S: when all places are taken, that of who was not heard for so long is another's. */
enum { LINE_CLIENTS_MAX = 8, LINE_LEN_MAX = 2048, LINE_PATH_LEN = 108, LINE_QUIET_S = 5 };

struct line_server;

/* What is served. Requests are told apart by the number of the client, below LINE_CLIENTS_MAX. */
struct line_service {
	void *arg;
	/* One line without its newline; an empty one ends the request, and what is answered goes into out. A line that is longer than
	 * LINE_LEN_MAX comes as NULL, 0 of its length. *fd came with the request, -1: none; who takes it puts -1 there. */
	void (*line)(void *arg, unsigned client, struct slice line, int *fd, struct line_out *out, uint64_t now_ns);
	/* The next piece of an answer; called, a turn of the loop each, until it says that there is no more: false. NULL: answers are
	 * whole. */
	bool (*more)(void *arg, unsigned client, struct line_out *out, uint64_t now_ns);
	void (*left)(void *arg, unsigned client); /* it is gone, or is to be forgotten */
	bool takes_fds; /* one with a request */
};

struct line_client {
	struct loop_source source;
	struct line_server *server; /* NULL: a free slot */
	uint64_t heard_ns; /* it came, asked or read on, last */
	char in[LINE_LEN_MAX + 1];
	size_t in_len;
	bool skips;    /* the rest of a line that is too long */
	bool stays;    /* it waits for what is told: its place is no other's */
	bool answers;  /* a part of an answer is still to be made */
	uint32_t events; /* that the loop waits for */
	int fd;        /* that came with the request; -1: none */
	struct line_out out;
	size_t out_sent;
};

struct line_server {
	struct loop *loop; /* NULL: closed */
	struct line_service service;
	struct loop_source listener;
	struct loop_timer rest; /* armed while the listener is not in the loop */
	char path[LINE_PATH_LEN];
	struct stat ours; /* the socket at path, when it was made */
	struct line_client clients[LINE_CLIENTS_MAX];
};

/* Makes DIR (0700) where it is not there, and DIR/NAME in it: 0, -EADDRINUSE when someone else serves that, or -errno. server is static:
 * zeros at first, or closed. */
int line_server_open(struct line_server *server, struct loop *loop, const char *dir, const char *name,
		     const struct line_service *service);
void line_server_close(struct line_server *server); /* also when not open */

/* Whether the socket at its path is still the one that was made. */
bool line_server_is_there(const struct line_server *server);

/* Within service->line: this client waits for what is told from now on. */
void line_server_keep(struct line_server *server, unsigned client);
/* To one that is kept, unless it has not read what it was told before: then it is closed, since it would not know. */
void line_server_tell(struct line_server *server, unsigned client, const char *text);

#endif
