#include "gateway/knock.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void knock(const struct inet_endpoint *endpoint)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(endpoint->port),
				    .sin6_scope_id = endpoint->scope_id };
	bool v4 = endpoint->addr.family == AF_INET;
	const void *to = v4 ? (const void *)&in : &in6;
	int fd = socket(endpoint->addr.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return;
	memcpy(&in.sin_addr, endpoint->addr.bytes, sizeof(in.sin_addr));
	memcpy(&in6.sin6_addr, endpoint->addr.bytes, sizeof(in6.sin6_addr));
	/* Lost or refused, it has done what it is for or there is nothing to be done. */
	(void)sendto(fd, "", 1, 0, to, v4 ? sizeof(in) : sizeof(in6));
	close(fd);
}
