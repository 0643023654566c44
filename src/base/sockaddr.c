#include "base/sockaddr.h"

#include <string.h>

socklen_t sockaddr_from(union sockaddr_any *addr, const struct inet_endpoint *endpoint)
{
	*addr = (union sockaddr_any){ .in6 = { .sin6_family = endpoint->addr.family } };
	switch (endpoint->addr.family) {
	case AF_INET:
		addr->in.sin_port = htons(endpoint->port);
		memcpy(&addr->in.sin_addr, endpoint->addr.bytes, sizeof(addr->in.sin_addr));
		return sizeof(addr->in);
	case AF_INET6:
		addr->in6.sin6_port = htons(endpoint->port);
		addr->in6.sin6_scope_id = endpoint->scope_id;
		memcpy(&addr->in6.sin6_addr, endpoint->addr.bytes, sizeof(addr->in6.sin6_addr));
		return sizeof(addr->in6);
	default:
		return 0;
	}
}

bool sockaddr_to(struct inet_endpoint *endpoint, const void *bytes, size_t len)
{
	union sockaddr_any addr = { .in6 = { .sin6_family = 0 } };

	if (len)
		memcpy(&addr, bytes, len < sizeof(addr) ? len : sizeof(addr));
	if (addr.any.sa_family == AF_INET && len >= sizeof(addr.in)) {
		*endpoint = (struct inet_endpoint){ .addr.family = AF_INET, .port = ntohs(addr.in.sin_port) };
		memcpy(endpoint->addr.bytes, &addr.in.sin_addr, sizeof(addr.in.sin_addr));
		return true;
	}
	if (addr.any.sa_family == AF_INET6 && len >= sizeof(addr.in6)) {
		*endpoint = (struct inet_endpoint){ .addr.family = AF_INET6,
						    .port = ntohs(addr.in6.sin6_port),
						    .scope_id = addr.in6.sin6_scope_id };
		memcpy(endpoint->addr.bytes, &addr.in6.sin6_addr, sizeof(addr.in6.sin6_addr));
		return true;
	}
	return false;
}
