/* Requests to the second socket, line by line, beside a device with peers: any bytes of a client that got the socket. A line with
 * an F in front comes with a descriptor. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/line_server.h"
#include "engine/more_request.h"

static int fake_random(void *arg, void *dst, size_t len)
{
	(void)arg;
	memset(dst, 7, len);
	return 0;
}

static struct wg_wall fake_wall(void *arg)
{
	(void)arg;
	return (struct wg_wall){ 1000, 0 };
}

static void fake_send(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len)
{
	(void)arg;
	(void)to;
	(void)ds;
	(void)bytes;
	(void)len;
}

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
	static const struct wg_host host = { .send = fake_send, .random = fake_random, .wall = fake_wall };
	static const struct wg_limits limits = { .peers = 4, .prefixes = 8, .staged = 2 };
	static struct more_host more = { .about = about, .set_nics = set_nics, .set_opener = set_opener, .watch = watch };
	static struct more_request request;
	static const uint8_t key[WG_KEY_LEN] = { 1 };
	const struct wg_peer_change change = { .public_key = key };
	size_t arena_len = wg_arena_len(&limits);
	void *arena = aligned_alloc(WG_ARENA_ALIGN, (arena_len + WG_ARENA_ALIGN - 1) / WG_ARENA_ALIGN * WG_ARENA_ALIGN);
	struct slice rest = { (const char *)data, size }, line;
	int fd = -1;

	if (!arena)
		return 0;
	memset(arena, 0, arena_len);
	if (wg_init(&more.device, arena, arena_len, &limits, &host) < 0 || wg_set_peer(more.device, &change, 1) < 0)
		abort();
	request = (struct more_request){ .host = &more };
	while (slice_cut(&rest, '\n', &line)) {
		if (line.len && line.ptr[0] == 'F' && fd < 0) {
			fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
			line.ptr++;
			line.len--;
		}
		ask(&request, line.len > LINE_LEN_MAX ? (struct slice){ NULL, 0 } : line, &fd);
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
	wg_close(more.device);
	free(arena);
	return 0;
}
