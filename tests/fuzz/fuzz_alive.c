/* Who was alive, as a partition has it; what the kernel's store has of last words, and /proc of a process. What is taken for it is
 * written again as it was read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/alive_text.h"
#include "init/pstore.h"
#include "init/pulse.h"
#include "init/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct alive alive, again;
	static char written[ALIVE_TEXT_LEN];
	char *bytes = malloc(size ? size : 1);
	struct slice input = { bytes, size }, telling;
	struct pulse_process process;
	struct verdict_seen seen;
	struct text text;

	memcpy(bytes, data, size);
	alive_read(&alive, input);
	text_init(&text, written, sizeof(written));
	alive_write(&alive, &text);
	alive_read(&again, (struct slice){ written, text.len });
	if (text.truncated || memcmp(&alive, &again, sizeof(alive)) != 0)
		abort();
	telling = pstore_telling(input);
	if (telling.len > size)
		abort();
	(void)pulse_parse(input, &process);
	(void)verdict_parse(input, &seen);
	free(bytes);
	return 0;
}
