#include "console/support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/crc32.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/version.h"
#include "console/log.h"
#include "console/run.h"

enum { WORDS_MAX = 4, SECTION_MAX = 12 << 10, LOG_MAX = 40 << 10, PIECE_LEN = 4096, INTERRUPTED = 128 + SIGINT, SERIAL_BYTES_S = 960 };

/* What is asked of a program, or a file as it stands. */
static const struct section {
	const char *title;
	const char *words[WORDS_MAX];
	const char *file;
} sections[] = {
	{ "version", { NAME_MANAGEMENT, "version" }, NULL },
	{ "show", { NAME_MANAGEMENT, "overview" }, NULL },
	{ "boot", { NULL }, RUN_DIR "/" BOOT_FILE },
	{ "clock", { "clock" }, NULL },
	{ "network", { NAME_NETWORK, "show" }, NULL },
	{ "filter", { NAME_NETWORK, "filter" }, NULL },
	{ "filter inside", { NAME_MANAGEMENT, "filter" }, NULL },
	{ "check", { NAME_MANAGEMENT, "check", "--screen", "--no-names" }, NULL },
	{ "network.conf", { NAME_MANAGEMENT, "view", "network.conf" }, NULL },
	{ "vpn-private.conf", { NAME_MANAGEMENT, "view", "vpn-private.conf" }, NULL },
	{ "vpn-public.conf", { NAME_MANAGEMENT, "view", "vpn-public.conf" }, NULL },
	{ ".env", { NAME_MANAGEMENT, "view", ".env" }, NULL },
	{ "history", { NAME_CONFIG, "history" }, NULL },
	{ "diff", { NAME_CONFIG, "diff" }, NULL },
	{ "gateway", { NAME_MANAGEMENT, "show" }, NULL },
	{ "gateway-dataplane", { NAME_DATAPLANE, "show" }, NULL },
	{ "hardening", { "hardening" }, NULL },
	{ "memory", { NULL }, "/proc/meminfo" },
};

static int print_file(const char *path)
{
	static char text[SECTION_MAX * 2]; /* what is more is cut off like a long answer */
	ssize_t n = file_read_begin(AT_FDCWD, path, text, sizeof(text));

	if (n > 0)
		printf("%.*s", (int)n, text);
	else
		printf("%s\n", n < 0 ? strerror((int)-n) : "empty");
	return 0;
}

/* What is behind max bytes of a section goes. */
static void end_section(int fd, off_t begin, off_t max)
{
	off_t end;

	(void)fflush(stdout);
	end = lseek(fd, 0, SEEK_END);
	if (end - begin <= max || ftruncate(fd, begin + max) < 0)
		return;
	(void)lseek(fd, 0, SEEK_END);
	printf("\n... and %lld bytes more\n", (long long)(end - begin - max));
	(void)fflush(stdout);
}

static off_t begin_section(int fd, const char *title)
{
	printf("\n--- %s\n", title);
	(void)fflush(stdout);
	return lseek(fd, 0, SEEK_END);
}

/* False: Ctrl-C came. */
static bool fill(int fd)
{
	off_t begin;

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		const struct section *section = &sections[i];
		const char *words[RUN_WORDS_MAX + 1] = { NULL };

		begin = begin_section(fd, section->title);
		for (size_t j = 0; j < WORDS_MAX; j++)
			words[j] = section->words[j];
		if ((section->file ? print_file(section->file) : run_words(words)) == INTERRUPTED)
			return false;
		end_section(fd, begin, SECTION_MAX);
	}
	begin = begin_section(fd, "log");
	(void)log_print(1, NULL);
	end_section(fd, begin, LOG_MAX);
	return true;
}

/* What a serial line carries whole, and a mail too. */
static size_t make_plain(char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != '\n' && (bytes[i] < ' ' || bytes[i] > '~'))
			bytes[i] = '?';
	return len;
}

static void print_all(int fd)
{
	char bytes[PIECE_LEN], when[32] = "";
	off_t len = lseek(fd, 0, SEEK_END), at = 0;
	uint32_t crc = crc32_begin();
	time_t now = time(NULL);
	struct tm tm;
	ssize_t n;

	if (gmtime_r(&now, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	printf("%lld bytes, about %lld s at 9600 baud. No key is in it; addresses and names are.\n", (long long)len,
	       (long long)len / SERIAL_BYTES_S + 1);
	printf("-----BEGIN MITIGATOR SUPPORT %s %s-----\n", GATEWAY_VERSION, when);
	while ((n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		at += n;
		crc = crc32_add(crc, bytes, make_plain(bytes, (size_t)n));
		if (fwrite(bytes, 1, (size_t)n, stdout) < (size_t)n)
			return;
	}
	printf("-----END MITIGATOR SUPPORT %lld bytes, crc32 %08x-----\n", (long long)at, crc32_end(crc));
}

int support_print(void)
{
	int fd = memfd_create("support", MFD_CLOEXEC), out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0), err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	bool whole;

	(void)fflush(stdout);
	if (fd < 0 || out < 0 || err < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) {
		printf("no memory for it\n");
		return 1;
	}
	whole = fill(fd);
	(void)fflush(stdout);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	if (whole)
		print_all(fd);
	close(fd);
	return !whole;
}
