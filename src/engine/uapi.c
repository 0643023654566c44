#include "engine/uapi.h"

static void take_line(void *arg, unsigned client, struct slice line, int *fd, struct line_out *out, uint64_t now_ns)
{
	struct uapi *uapi = arg;

	(void)fd;
	uapi->requests[client].host = &uapi->host;
	uapi_request_line(&uapi->requests[client], line, out, now_ns);
}

static bool tell_more(void *arg, unsigned client, struct line_out *out, uint64_t now_ns)
{
	struct uapi *uapi = arg;

	(void)now_ns;
	return uapi_request_more(&uapi->requests[client], out);
}

static void forget(void *arg, unsigned client)
{
	struct uapi *uapi = arg;

	uapi_request_clear(&uapi->requests[client]);
}

int uapi_open(struct uapi *uapi, struct loop *loop, const char *dir, const char *name, const struct uapi_host *host)
{
	const struct line_service service = { .arg = uapi, .line = take_line, .more = tell_more, .left = forget };
	char file[LINE_PATH_LEN];

	uapi->host = *host;
	text_format(file, sizeof(file), "%s.sock", name);
	return line_server_open(&uapi->server, loop, dir, file, &service);
}

void uapi_close(struct uapi *uapi)
{
	line_server_close(&uapi->server);
}
