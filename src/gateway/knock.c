#include "gateway/knock.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/sockaddr.h"

void knock(const struct inet_endpoint *endpoint)
{
	union sockaddr_any to;
	socklen_t len = sockaddr_from(&to, endpoint);
	int fd = socket(endpoint->addr.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return;
	/* Lost or refused, it has done what it is for or there is nothing to be done. */
	(void)sendto(fd, "", 1, 0, &to.any, len);
	close(fd);
}
