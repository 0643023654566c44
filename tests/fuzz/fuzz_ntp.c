/* ntp/said and ntp/report: what chronyd, which reads what strangers send, writes to us. */
#include <stdint.h>
#include <stdlib.h>

#include "ntp/report.h"
#include "ntp/said.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ntp_tracking tracking;
	struct ntp_source source;
	uint32_t count;
	struct ntp_said said = ntp_said_read((struct slice){ (const char *)data, size });

	if (said.text.len > size)
		abort();
	(void)ntp_read_tracking(data, size, 0, &tracking);
	(void)ntp_read_source_count(data, size, 0, &count);
	if (ntp_read_source(data, size, 0, &source) && source.state >= NTP_SOURCE_STATES)
		abort();
	return 0;
}
