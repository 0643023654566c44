#include "base/denied.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/contained.h"

/* Either lets root read what is others'. */
static bool reads_all(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return syscall(SYS_capget, &header, data) < 0 ||
	       data[0].effective & (CAP_TO_MASK(CAP_DAC_READ_SEARCH) | CAP_TO_MASK(CAP_DAC_OVERRIDE));
}

const char *denied_hint(int err)
{
	if (err != EACCES || geteuid() != 0 || reads_all())
		return "";
	return ": it is not root's, and CAP_DAC_READ_SEARCH is lacking: `chown root` it on the host, or "
	       COMPOSE_ADD("cap_add: [DAC_READ_SEARCH]");
}
