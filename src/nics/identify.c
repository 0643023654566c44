#include "nics/identify.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/text.h"
#include "network/hardware.h"
#include "worker/helper.h"

enum { BLINK_S = 10, EXIT_USAGE = 2 };

/* One at a time: there is one operator at the rack. */
static struct identify {
	struct helper helper;
	struct control_call *call; /* NULL: whoever asked has left */
	char nic[IFNAMSIZ];
} identify;

static void blink(int fd, const void *arg)
{
	int err = hardware_blink(arg, BLINK_S);

	(void)!write(fd, &err, sizeof(err));
}

static void over(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct control_call *call = identify.call;
	int err = -ECHILD; /* it died without a word */

	(void)events;
	(void)now_ns;
	if (read(source->fd, &err, sizeof(err)) != sizeof(err))
		err = -ECHILD;
	helper_end(&identify.helper);
	identify.call = NULL;
	if (!call)
		return;
	if (err < 0)
		control_print(call, CONTROL_ERR, "%s: %s\n", identify.nic,
			      err == -EOPNOTSUPP ? "its driver cannot blink a light" : strerror(-err));
	control_end(call, err < 0);
}

static void caller_left(struct control_call *call)
{
	(void)call;
	identify.call = NULL;
	helper_kill(&identify.helper);
}

static void begin_to_blink(struct control_call *call, struct loop *loop, const char *nic)
{
	int err = -EBUSY;

	if (!identify.helper.child) {
		text_format(identify.nic, sizeof(identify.nic), "%s", nic);
		err = helper_start(&identify.helper, loop, blink, identify.nic, -1, over);
	}
	if (err < 0) {
		control_print(call, CONTROL_ERR, "%s: %s\n", nic,
			      err == -EBUSY ? "another NIC is blinking" : strerror(-err));
		control_end(call, 1);
		return;
	}
	identify.call = call;
	call->cancelled = caller_left;
	control_print(call, CONTROL_OUT, "the light of %s blinks for %d s; Ctrl-C ends it\n", nic, BLINK_S);
	control_flush(call);
}

void identify_verb(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	(void)now_ns;
	if (argc == 2) {
		begin_to_blink(call, &worker->loop, argv[1]);
		return;
	}
	control_print(call, CONTROL_ERR, "usage: " NAME_NETWORK " identify NIC\n");
	control_end(call, EXIT_USAGE);
}
