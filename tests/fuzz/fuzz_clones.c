/* What anyone may send to be overheard: ARP and packets to our port. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "exact.h"
#include "gateway/overhear.h"
#include "network/conflict.h"

static unsigned read_all;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct overheard heard = { 0 };
	struct arp_claim claim;
	uint8_t *copy;

	if (!size)
		return 0;
	copy = exact_copy(data + 1, size - 1);
	if (data[0] % 3 == 0)
		read_all += arp_read(copy, size - 1, &claim) && claim.address[0];
	else
		overhear_packet(&heard, data[0] % 3 == 1 ? AF_INET : AF_INET6, 7, copy, size - 1);
	read_all += heard.elsewhere;
	free(copy);
	return 0;
}
