#include "nics/sound.h"

#include <string.h>

#include "base/log.h"
#include "conf/network.h"

static void log_finding(void *arg, const char *text)
{
	(void)arg;
	log_err("%s", text);
}

void sound_tell(const struct diag *diag)
{
	diag_print(diag, log_finding, NULL);
}

bool sound_network(const struct diag *diag)
{
	for (size_t i = 0; i < diag->count; i++)
		if (diag->findings[i].level == DIAG_ERROR && !strcmp(diag->findings[i].file, NETWORK_FILE))
			return false;
	return diag->count == diag->error_count + diag->warning_count;
}
