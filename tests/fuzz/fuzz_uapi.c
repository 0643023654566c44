/* UAPI requests, line by line, into a device with a peer: any bytes of a client that got the socket. */
#include <stdint.h>

#include "device.h"
#include "engine/uapi.h"

static int set_port(struct uapi_host *host, uint16_t port)
{
	(void)host;
	return port == 1 ? -1 : 0;
}

static uint16_t port(struct uapi_host *host)
{
	(void)host;
	return 4567;
}

static uint32_t link_index(struct uapi_host *host, const char *name)
{
	(void)host;
	return name[0] == 'e';
}

static void expect(struct uapi_host *host, const struct inet_endpoint *endpoint, uint64_t now_ns)
{
	(void)host;
	(void)endpoint;
	(void)now_ns;
}

static void changed(struct uapi_host *host)
{
	(void)host;
}

static void ask(struct uapi_request *request, struct slice line, struct line_out *out)
{
	uapi_request_line(request, line, out, 1000000000);
	while (uapi_request_more(request, out))
		line_out_clear(out);
	line_out_clear(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct uapi_host device;
	static struct uapi_request request;
	static struct line_out out;
	struct slice rest = { (const char *)data, size }, line;

	device = (struct uapi_host){ .device = device_open(), .set_port = set_port, .port = port, .link_index = link_index, .expect = expect, .changed = changed };
	wg_set_up(device.device, true, 1000000000);
	request = (struct uapi_request){ .host = &device };
	while (slice_cut(&rest, '\n', &line))
		ask(&request, device_line(line), &out);
	ask(&request, (struct slice){ "", 0 }, &out);
	uapi_request_clear(&request);
	device_close(device.device);
	return 0;
}
