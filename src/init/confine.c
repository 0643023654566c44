#include "init/confine.h"

#include <errno.h>
#include <sys/prctl.h>

#include "base/file.h"
#include "base/text.h"

int confine(const struct confinement *confinement)
{
	char score[16];
	int err;

	/* First: to be spared needs a capability itself. */
	text_format(score, sizeof(score), "%d", confinement->oom_score_adj);
	err = file_poke("/proc/self/oom_score_adj", score);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 && !err)
		err = -errno;
	/* As far as this kernel has capabilities, be they newer than this program. */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if ((cap >= 64 || !(confinement->capabilities >> cap & 1)) && prctl(PR_CAPBSET_DROP, cap) < 0 && !err)
			err = -errno;
	return err;
}
