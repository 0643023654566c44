#include "tunnel/uapi_opener.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "tunnel/opener_greet.h"
#include "tunnel/uapi_program.h"

enum { WAIT_MIN_S = 1, WAIT_MAX_S = 60 };

bool uapi_opener_is_due(struct uapi_opener *opener, uint64_t now_ns)
{
	uint64_t since_ns = now_ns - opener->last_ns;

	if (opener->wait_s && since_ns < opener->wait_s * NS_PER_S)
		return false;
	if (!opener->wait_s || since_ns > 2ULL * WAIT_MAX_S * NS_PER_S)
		opener->wait_s = WAIT_MIN_S;
	else
		opener->wait_s = opener->wait_s * 2 < WAIT_MAX_S ? opener->wait_s * 2 : WAIT_MAX_S;
	opener->last_ns = now_ns;
	return true;
}

bool uapi_opener_mend(struct uapi_opener *opener, struct uapi_asker *more, const struct tunnel *tunnel, uint64_t now_ns)
{
	struct uapi_answer answer = { .running = NULL };
	struct uapi_lines lines = { .len = 0 };
	int fd, err;

	if (opener->takes_none || !uapi_opener_is_due(opener, now_ns))
		return false;
	fd = uapi_program_opener(tunnel->alias);
	err = fd < 0 ? fd : opener_greet(fd, UAPI_OPENER_WAIT_MS);
	uapi_text_opener(&lines);
	if (!err)
		err = uapi_ask_giving(more, &lines, fd, &answer, clock_now_ns() + UAPI_PATIENCE_MS * NS_PER_MS);
	uapi_lines_free(&lines);
	if (fd >= 0)
		close(fd);
	opener->takes_none = err == -EOPNOTSUPP;
	if (fd == -EBUSY && !opener->failed)
		log_err("%s: who opens sockets for it hangs and does not end, and it gets no other", tunnel->device);
	else if (err < 0 && !opener->failed)
		log_err("%s: who opens sockets for it is gone, or hung, and it gets no other: %s", tunnel->device,
			answer.error[0] ? answer.error : strerror(-err));
	else if (!err)
		log_info("%s: who opens sockets for it was gone, or hung, and it has another", tunnel->device);
	opener->failed = err < 0;
	return !err;
}
