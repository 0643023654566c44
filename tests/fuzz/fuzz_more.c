/* Requests to the second socket, line by line, beside a device with peers: any bytes of a client that got the socket. A line with
 * an F in front comes with a descriptor. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "engine/more_request.h"

static void about(struct more_host *host, struct more_about *told)
{
	(void)host;
	*told = (struct more_about){ .trouble = "some" };
}

/* What is handed on is whole. */
static int set_nics(struct more_host *host, const struct tunnel_nic *nics, size_t count)
{
	(void)host;
	if (count > TUNNEL_NICS_MAX)
		abort();
	for (size_t i = 0; i < count; i++)
		if (!nics[i].link[0] || !memchr(nics[i].link, '\0', sizeof(nics[i].link)) ||
		    nics[i].address_count > TUNNEL_NIC_ADDRESSES || nics[i].route_count > TUNNEL_NIC_ROUTES)
			abort();
	return 0;
}

static int set_opener(struct more_host *host, int fd)
{
	(void)host;
	return close(fd);
}

static int watch(struct more_host *host, unsigned client)
{
	(void)host;
	(void)client;
	return 0;
}

static void ask(struct more_request *request, struct slice line, int *fd)
{
	static struct line_out out;

	more_request_line(request, line, fd, &out, 1000000000);
	while (more_request_more(request, &out, 1000000000))
		line_out_clear(&out);
	line_out_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct more_host more = { .about = about, .set_nics = set_nics, .set_opener = set_opener, .watch = watch };
	static struct more_request request;
	static const uint8_t key[WG_KEY_LEN] = { 1 };
	const struct wg_peer_change change = { .public_key = key };
	struct slice rest = { (const char *)data, size }, line;
	int fd = -1;

	more.device = device_open();
	if (wg_set_peer(more.device, &change, 1) < 0)
		abort();
	request = (struct more_request){ .host = &more };
	while (slice_cut(&rest, '\n', &line)) {
		if (line.len && line.ptr[0] == 'F' && fd < 0) {
			fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
			line.ptr++;
			line.len--;
		}
		ask(&request, device_line(line), &fd);
	}
	ask(&request, (struct slice){ "", 0 }, &fd);
	more_request_clear(&request);
	/* none is left open: the next one has the same number */
	if (fd >= 0)
		close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd > 100)
		abort();
	close(fd);
	device_close(more.device);
	return 0;
}
