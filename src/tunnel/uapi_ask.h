/* Asks a program behind a UAPI socket: one request, its whole answer, by a time (deadline_ns, of clock_now_ns()). The caller waits: it carries no
 * packets. */
#ifndef TUNNEL_UAPI_ASK_H
#define TUNNEL_UAPI_ASK_H

#include "tunnel/uapi_text.h"

enum { UAPI_PATIENCE_MS = 2000 }; /* with one that does not answer */

/* A connection that is made when it is needed, and made anew when the other end has closed it. */
struct uapi_asker {
	char path[UAPI_SOCKET_PATH_LEN];
	int fd; /* -1: not connected */
};

/* Nothing is connected yet. 0, or -ENAMETOOLONG: a socket's address does not take it. */
int uapi_asker_init(struct uapi_asker *asker, const char *dir, const char *name, const char *end);
void uapi_asker_close(struct uapi_asker *asker); /* also when not connected */

/* No one serves there any more: the name that a program left, which has no right to remove it, goes. */
void uapi_asker_remove(struct uapi_asker *asker);

/* 0 and a descriptor in asker->fd, or -errno: -ENOENT, -ECONNREFUSED: no one serves there; -ETIMEDOUT: too many connect. */
int uapi_asker_connect(struct uapi_asker *asker, uint64_t deadline_ns);

/* 0, or -errno: what the answer refuses by, words of it in answer->error; -ETIMEDOUT; -EPIPE and its like when there is no other end any
 * more; -EPROTO, -EINVAL, -ENOSPC of an answer that cannot be taken. The connection is closed then, but for a refusal. */
int uapi_ask(struct uapi_asker *asker, const struct uapi_lines *request, struct uapi_answer *answer, uint64_t deadline_ns);

/* The same of a short request, with which a descriptor goes; it stays the caller's too. */
int uapi_ask_giving(struct uapi_asker *asker, const struct uapi_lines *request, int fd, struct uapi_answer *answer, uint64_t deadline_ns);

#endif
