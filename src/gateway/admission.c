#include "gateway/admission.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "network/filter.h"

static void let_in(struct admission *admission, bool alone)
{
	int err = filter_let_in(admission->path, admission->port, admission->device, alone);
	bool was_wrong = admission->trouble[0];

	if (err >= 0) {
		if (was_wrong)
			log_info("over: %s", admission->trouble);
		admission->trouble[0] = '\0';
		return;
	}
	text_format(admission->trouble, sizeof(admission->trouble), "the host's filter may drop what comes to port %u: nf_tables: %s",
		    admission->port, strerror(-err));
	if (!was_wrong)
		log_err("%s", admission->trouble);
}

void admission_widen(struct admission *admission, const char *path, uint16_t port, const char *device)
{
	admission->path = path;
	admission->port = port;
	text_format(admission->device, sizeof(admission->device), "%s", device);
	let_in(admission, false);
}

void admission_settle(struct admission *admission)
{
	let_in(admission, true);
}

void admission_mend(struct admission *admission)
{
	if (admission->path)
		let_in(admission, false);
}

void admission_end(struct admission *admission)
{
	if (admission->path)
		(void)filter_let_in(admission->path, 0, "", true);
	*admission = (struct admission){ 0 };
}
