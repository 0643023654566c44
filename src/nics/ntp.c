#include "nics/ntp.h"

#include <string.h>

#include "base/paths.h"
#include "ntp/wanted.h"

static const enum ntp_mode modes[ENV_NTPS] = { [ENV_NTP_ON] = NTP_ON, [ENV_NTP_PEERS] = NTP_PEERS, [ENV_NTP_OFF] = NTP_OFF };

void ntp_write(const char *run_dir, enum env_ntp mode, const struct network_conf *conf)
{
	char bytes[NTP_FILE_MAX];
	struct text text;

	text_init(&text, bytes, sizeof(bytes));
	text_add(&text, "mode %s\n", ntp_mode_words[modes[mode]]);
	for (size_t i = 0; i < conf->ntp_count; i++)
		text_add(&text, "server %s\n", conf->ntp[i].host);
	ntp_wanted_write(run_dir, NAME_NETWORK, bytes);
}

enum env_ntp ntp_now(const char *run_dir)
{
	static struct ntp_wanted wanted;
	enum env_ntp mode = ENV_NTP_ON;

	ntp_wanted_read(&wanted, run_dir);
	if (!wanted.has_mode)
		return ENV_NTP_ON; /* someone removed the file: what .env says where it says nothing */
	while (mode < ENV_NTP_OFF && modes[mode] != wanted.mode)
		mode++;
	return mode;
}

/* a may be NULL: it has none. */
static bool has_servers(const struct network_conf *a, const struct network_conf *b)
{
	size_t count = a ? a->ntp_count : 0;
	bool same = count == b->ntp_count;

	for (size_t i = 0; same && i < count; i++)
		same = !strcmp(a->ntp[i].host, b->ntp[i].host);
	return same;
}

void ntp_plan(const struct network_conf *now, enum env_ntp mode_now, const struct network_conf *wanted, enum env_ntp mode,
	      void (*line)(void *arg, const char *text), void *arg)
{
	static const char *const words[ENV_NTPS] = { [ENV_NTP_ON] = "by ", [ENV_NTP_PEERS] = "by the other instances alone",
						     [ENV_NTP_OFF] = "no one is asked, and no one served" };
	char bytes[1024];
	struct text text;

	if (mode == mode_now && has_servers(now, wanted))
		return;
	text_init(&text, bytes, sizeof(bytes));
	text_add(&text, "  time    %s", words[mode]);
	for (size_t i = 0; mode == ENV_NTP_ON && i < wanted->ntp_count; i++)
		text_add(&text, "%s, ", wanted->ntp[i].host);
	if (mode == ENV_NTP_ON)
		text_add(&text, "the other instances, and DHCP's servers");
	line(arg, bytes);
}
