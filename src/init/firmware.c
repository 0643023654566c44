#include "init/firmware.h"

#include <errno.h>
#include <fcntl.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/text.h"
#include "init/variables.h"

/* systemd's vendor id: its "Boot Loader Interface" has the variables. */
#define LOADER "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

enum { ATTRIBUTES_LEN = 4, VARIABLE_LEN = 1024 };

ssize_t firmware_text(const uint8_t *bytes, size_t len, char *dst, size_t cap)
{
	size_t count = 0;

	if (len < ATTRIBUTES_LEN || (len - ATTRIBUTES_LEN) % 2 || (len - ATTRIBUTES_LEN) / 2 >= cap)
		return -EINVAL;
	for (size_t at = ATTRIBUTES_LEN; at < len; at += 2) {
		uint16_t unit = load_le16(bytes + at);

		if (!unit)
			break;
		dst[count] = '?';
		if (unit >= ' ' && unit < 0x7f)
			dst[count] = (char)unit;
		count++;
	}
	dst[count] = '\0';
	return (ssize_t)count;
}

bool firmware_read(const char *name, char *dst, size_t cap)
{
	char path[256], bytes[VARIABLE_LEN];
	ssize_t n;

	text_format(path, sizeof(path), VARIABLES_DIR "/%s" LOADER, name);
	n = file_read(AT_FDCWD, path, bytes, sizeof(bytes));
	return n > 0 && firmware_text((const uint8_t *)bytes, (size_t)n, dst, cap) > 0;
}

static uint64_t read_usec(const char *name)
{
	char text[32];
	uint64_t usec;

	if (!firmware_read(name, text, sizeof(text)) || text_uint(slice_of(text), UINT64_MAX / 2, &usec) < 0)
		return 0;
	return usec;
}

void firmware_describe(char *words, size_t cap)
{
	uint64_t loader_usec, kernel_usec;
	char entry[128];
	struct text text;

	text_init(&text, words, cap);
	words[0] = '\0';
	if (firmware_read("LoaderEntrySelected", entry, sizeof(entry)))
		text_add(&text, "%s", entry);
	/* systemd-boot does not trust the time stamp counter of a virtual machine, and says nothing there. */
	loader_usec = read_usec("LoaderTimeInitUSec");
	kernel_usec = read_usec("LoaderTimeExecUSec");
	if (loader_usec && kernel_usec >= loader_usec)
		text_add(&text, "%sbefore the kernel firmware %.3f s, loader %.3f s", text.len ? "; " : "",
			 (double)loader_usec / 1e6, (double)(kernel_usec - loader_usec) / 1e6);
}
