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

void resolv_add(struct resolv_others *others, const struct network_dns *server, const char *by)
{
	for (size_t i = 0; i < others->count; i++)
		if (inet_addr_equal(&others->list[i].addr, &server->addr) && !strcmp(others->list[i].link, server->link))
			return;
	if (others->count == NETWORK_DNS_MAX)
		return;
	others->list[others->count] = *server;
	others->by[others->count++] = by;
}

static void add_line(struct text *to, const struct network_dns *server)
{
	char addr[INET_ADDR_STRLEN];

	text_add(to, "nameserver %s%s%s\n", inet_addr_text(&server->addr, addr), server->link[0] ? "%" : "", server->link);
}

/* resolv.conf(5); the image's /etc/resolv.conf points to it. */
void resolv_write(const struct network_conf *conf, const struct resolv_others *others)
{
	char bytes[512], before[sizeof(bytes)];
	ssize_t n;
	struct text text;
	int fd = open(RESOLV_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	text_init(&text, bytes, sizeof(bytes));
	for (size_t i = 0; i < conf->dns_count; i++)
		add_line(&text, &conf->dns[i]);
	for (size_t i = 0; i < others->count && conf->dns_count + i < NETWORK_DNS_MAX; i++)
		add_line(&text, &others->list[i]);
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
