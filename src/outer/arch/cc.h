/* What lwIP asks of compiler and platform (see lwip/arch.h). */
#ifndef OUTER_ARCH_CC_H
#define OUTER_ARCH_CC_H

#include <stdlib.h>
#include <sys/types.h>

#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS
#include <endian.h>
#define lwip_htons(x) htobe16(x)
#define lwip_ntohs(x) be16toh(x)
#define lwip_htonl(x) htobe32(x)
#define lwip_ntohl(x) be32toh(x)

#define LWIP_ERRNO_STDINCLUDE 1
#define LWIP_NO_CTYPE_H 0

/* An assertion of lwIP is an error of ours that would corrupt memory: stop at once. */
#define LWIP_PLATFORM_ASSERT(message) abort()
#define LWIP_PLATFORM_DIAG(message) \
	do {                        \
	} while (0)

#endif
