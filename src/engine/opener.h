/* The opener: a process that has the rights which WireGuard on lwIP takes (NET_RAW, NET_ADMIN, NET_BIND_SERVICE) and does with them what
 * the packet process asks for (tunnel/opener_words.h), which has none. It reads no packet, knows no key, and holds nothing open that it
 * hands over; it ends with its end of the socket. engine/opened.h is the other end. */
#ifndef ENGINE_OPENER_H
#define ENGINE_OPENER_H

#include "base/inet.h"
#include "base/paths.h"
#include "outer/placeholder.h"

/* Starts one, an image of this binary, in the network namespace of the caller, and with its standard error: the other end of its socket,
 * or -errno. Whoever starts it has its child to wait for. By alias, its one argument, it is found when it hangs (tunnel/uapi_process.h). */
int opener_start(const char *alias);

/* The applet. Its socket is standard input. */
int opener_main(void);

/* What it does, as functions: each 0 or a descriptor, or -errno. */
struct opener_does {
	int (*link)(uint32_t index, bool alone, uint16_t port, bool brief);
	int (*port)(struct placeholder *placeholder, uint16_t port, bool merge);
	int (*neighbour)(uint32_t index, const struct inet_addr *addr);
};

/* One message that waits there: 0, -EAGAIN: none does, or -EPIPE: it is time to end. */
int opener_serve(int socket, const struct opener_does *does);

#endif
