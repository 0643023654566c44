/* What a partition may hold in place of a password's hash: it is taken for one, or not, and libsodium takes it then. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "console/delay.h"
#include "crypto/password.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *memory;
	struct delay delay;

	memcpy(text, data, size);
	text[size] = '\0';
	delay_read(&delay, (struct slice){ text, size });
	/* What takes little is tried. */
	memory = strstr(text, "m=");
	if (password_is_hash(text) && strtoul(memory + 2, NULL, 10) <= 64 && password_verify(text, "password", 8) == -EBADMSG)
		abort();
	free(text);
	return 0;
}
