/* The processes behind UAPI sockets: which one serves there, whether it is the one that was started with an alias, and its end. A process
 * closes what it has one by one, measured up to 70 ms apart, so the end of a connection is not yet that of the UDP port; its own is. */
#ifndef TUNNEL_UAPI_PROCESS_H
#define TUNNEL_UAPI_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

enum { UAPI_PROCESS_END_MS = 1000 }; /* that an end is waited for */

/* Of who serves at the other end of socket: a pidfd that the caller closes, or -errno (-ENOSYS before Linux 5.3). */
int uapi_process_hold(int socket);

/* Is who serves at the other end of socket the one that carries device: that of alias, or a program of another make that has it open? */
enum uapi_process_whose {
	UAPI_PROCESS_OURS,
	UAPI_PROCESS_OTHERS,
	UAPI_PROCESS_UNKNOWN, /* of another PID namespace; or who listened there is gone, and a child of it serves, as wireguard-go's does */
};
enum uapi_process_whose uapi_process_whose(int socket, const char *alias, const char *device);

/* Waits for the end of what is held; false: it goes on, or process is negative. */
bool uapi_process_ends(int process, uint64_t deadline_ns);

/* Each process that was started with that alias, as those are who open sockets for it, and is there still: 0; -EBUSY: one does not end; or -errno: they cannot be looked for. */
int uapi_process_kill(const char *alias); /* within UAPI_PROCESS_END_MS, all of them */
int uapi_process_kill_until(const char *alias, uint64_t deadline_ns);
int uapi_process_kill_opener(const char *alias); /* of them, those who open sockets */

/* The same, behind the end of one that is on its way, or once half of the time is over. process is as from uapi_process_hold; where that is not
 * to be had the end of socket stands for it, a connection or -1. */
void uapi_process_finish(int process, int socket, const char *alias, uint64_t deadline_ns);

#endif
