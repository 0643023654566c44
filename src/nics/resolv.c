#include "nics/resolv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#define RESOLV_DIR "/run"
#define RESOLV_FILE "resolv.conf"

/* resolv.conf(5); the image's /etc/resolv.conf points to it. */
void resolv_write(const struct network_conf *conf, const struct inet_addr *leased, size_t leased_count)
{
	char bytes[512], before[sizeof(bytes)], addr[INET_ADDR_STRLEN];
	ssize_t n;
	struct text text;
	int fd = open(RESOLV_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	text_init(&text, bytes, sizeof(bytes));
	for (size_t i = 0; i < conf->dns_count; i++)
		text_add(&text, "nameserver %s%s%s\n", inet_addr_text(&conf->dns[i].addr, addr),
			 conf->dns[i].link[0] ? "%" : "", conf->dns[i].link);
	for (size_t i = 0; i < leased_count && conf->dns_count + i < NETWORK_DNS_MAX; i++)
		text_add(&text, "nameserver %s\n", inet_addr_text(&leased[i], addr));
	n = fd < 0 ? -1 : file_read(fd, RESOLV_FILE, before, sizeof(before));
	if (n == (ssize_t)text.len && !memcmp(before, bytes, text.len)) {
		close(fd);
		return;
	}
	err = fd < 0 ? -errno : file_replace(fd, RESOLV_FILE, bytes, text.len, 0644);
	if (err < 0)
		log_err("cannot write %s/%s: %s", RESOLV_DIR, RESOLV_FILE, strerror(-err));
	if (fd >= 0)
		close(fd);
}
