#include "tunnel/uapi_ask.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/pass.h"
#include "crypto/key.h"

/* Of the answers: they hold keys, and are wiped. */
static char piece[16384];

int uapi_asker_init(struct uapi_asker *asker, const char *dir, const char *name, const char *end)
{
	struct text path;

	asker->fd = -1;
	text_init(&path, asker->path, sizeof(asker->path));
	text_add(&path, "%s/%s%s", dir, name, end);
	return path.truncated ? -ENAMETOOLONG : 0;
}

void uapi_asker_close(struct uapi_asker *asker)
{
	if (asker->fd >= 0)
		close(asker->fd);
	asker->fd = -1;
}

int uapi_asker_connect(struct uapi_asker *asker, uint64_t deadline_ns)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	uint64_t now_ns = clock_now_ns(), left_us = now_ns < deadline_ns ? (deadline_ns - now_ns) / 1000 : 0;
	/* For connect(2) too, which waits while too many do. All zeros would be for ever. */
	const struct timeval patience = { (time_t)(left_us / 1000000), (suseconds_t)(left_us % 1000000) };
	int err = 0;

	if (asker->fd >= 0)
		return 0;
	if (!left_us)
		return -ETIMEDOUT;
	text_format(addr.sun_path, sizeof(addr.sun_path), "%s", asker->path);
	asker->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (asker->fd < 0)
		return -errno;
	if (setsockopt(asker->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(asker->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		err = errno == EAGAIN ? -ETIMEDOUT : -errno;
		uapi_asker_close(asker);
	}
	return err;
}

void uapi_asker_remove(struct uapi_asker *asker)
{
	uapi_asker_close(asker);
	/* Where one has to wait, someone serves. */
	if (uapi_asker_connect(asker, clock_now_ns() + NS_PER_MS) == -ECONNREFUSED)
		(void)unlink(asker->path);
	uapi_asker_close(asker);
}

static int send_all(int fd, const struct uapi_lines *request, uint64_t deadline_ns)
{
	for (size_t sent = 0; sent < request->len;) {
		ssize_t n = send(fd, request->text + sent, request->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		int err = 0;

		if (n > 0)
			sent += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
		else
			err = await_ready(fd, POLLOUT, deadline_ns);
		if (err < 0)
			return err;
	}
	return 0;
}

struct reading {
	struct uapi_answer *answer;
	char line[UAPI_TEXT_MAX];
	size_t len;
	bool whole; /* the empty line was there */
};

/* len bytes and a newline, behind what of the line came before: there is room for it. */
static int take_line(struct reading *reading, const char *bytes, size_t len)
{
	struct slice line = { bytes, len };

	if (reading->len) {
		memcpy(reading->line + reading->len, bytes, len);
		line = (struct slice){ reading->line, reading->len + len };
		reading->len = 0;
	}
	if (line.len)
		return uapi_answer_line(reading->answer, line);
	reading->whole = reading->answer->ended;
	return reading->whole ? 0 : -EPROTO;
}

static int take_piece(struct reading *reading, const char *bytes, size_t len)
{
	int err = 0;

	while (len && !err) {
		const char *end = memchr(bytes, '\n', len);
		size_t part = end ? (size_t)(end - bytes) : len;

		/* One request, one answer: nothing stands behind it. */
		if (reading->whole)
			return reading->answer->stays ? 0 : -EPROTO;
		if (part > sizeof(reading->line) - reading->len)
			return -EPROTO;
		if (!end) {
			memcpy(reading->line + reading->len, bytes, part);
			reading->len += part;
			return 0;
		}
		err = take_line(reading, bytes, part);
		bytes += part + 1;
		len -= part + 1;
	}
	return err;
}

/* *any: something of it was there. */
static int read_answer(int fd, struct uapi_answer *answer, uint64_t deadline_ns, bool *any)
{
	static struct reading reading;
	size_t total = 0;
	int err = 0;

	reading = (struct reading){ .answer = answer };
	while (!err && !reading.whole) {
		ssize_t n;

		/* It is made while it is read: most of it is waited for. */
		err = await_ready(fd, POLLIN, deadline_ns);
		if (err < 0)
			break;
		n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (n > 0) {
			*any = true;
			total += (size_t)n;
			err = total > UAPI_ANSWER_MAX ? -EPROTO : take_piece(&reading, piece, (size_t)n);
			wipe(piece, (size_t)n);
		} else if (n == 0) {
			err = -EPIPE;
		} else if (errno != EAGAIN && errno != EINTR) {
			err = -errno;
		}
	}
	wipe(reading.line, sizeof(reading.line));
	return err;
}

static int ask_once(struct uapi_asker *asker, const struct uapi_lines *request, int fd, struct uapi_answer *answer,
		    uint64_t deadline_ns, bool *any)
{
	int err = uapi_asker_connect(asker, deadline_ns);

	if (!err)
		err = fd < 0 ? send_all(asker->fd, request, deadline_ns) : pass_message(asker->fd, request->text, request->len, &fd, 1);
	if (!err)
		err = read_answer(asker->fd, answer, deadline_ns, any);
	if (err < 0)
		uapi_asker_close(asker);
	return err;
}

int uapi_ask(struct uapi_asker *asker, const struct uapi_lines *request, struct uapi_answer *answer, uint64_t deadline_ns)
{
	return uapi_ask_giving(asker, request, -1, answer, deadline_ns);
}

int uapi_ask_giving(struct uapi_asker *asker, const struct uapi_lines *request, int fd, struct uapi_answer *answer, uint64_t deadline_ns)
{
	bool had = asker->fd >= 0, any = false;
	int err;

	if (request->failed)
		return -ENOMEM;
	err = ask_once(asker, request, fd, answer, deadline_ns, &any);
	/* A connection that was quiet for long may have been closed for it; each request may come twice. */
	if (had && !any && (err == -EPIPE || err == -ECONNRESET))
		err = ask_once(asker, request, fd, answer, deadline_ns, &any);
	return err ? err : answer->refused;
}
