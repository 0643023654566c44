/* Endpoints as the system's calls take them, and back. */
#ifndef BASE_SOCKADDR_H
#define BASE_SOCKADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/inet.h"

union sockaddr_any {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Its length; 0 for an endpoint without a family. */
socklen_t sockaddr_from(union sockaddr_any *addr, const struct inet_endpoint *endpoint);
/* bytes need no alignment. False, and endpoint stays as it is: they are neither of IPv4 nor of IPv6. */
bool sockaddr_to(struct inet_endpoint *endpoint, const void *bytes, size_t len);

#endif
