/* What stands beside a service: settings from the environment, metrics over HTTP, lines for a syslog server. */
#include <string.h>
#include <syslog.h>

#include "conf/environment.h"
#include "conf/set.h"
#include "console/syslog_line.h"
#include "gateway/scrape.h"
#include "test.h"

static struct env_conf env;
static struct diag diag;
static char printed[2048];

static void append(void *arg, const char *text)
{
	(void)arg;
	strcat(strcat(printed, text), "\n");
}

static const char *parse(const char *text)
{
	env_conf_init(&env);
	diag_clear(&diag, false);
	env_parse(&env, text, text ? strlen(text) : 0, &diag);
	printed[0] = '\0';
	diag_print(&diag, append, NULL);
	return printed;
}

TEST(environment_stands_above_the_file_and_says_when_that_changed)
{
	static char path[] = "PATH=/usr/bin", address[] = "MITIGATOR_VPN_ADDRESS=10.8.3.1", empty[] = "DATA_PLANE_VPN_PORT=",
		    longer[] = "DATA_PLANE_VPN_PORTS=1";
	static char *const handed[] = { path, address, empty, longer, NULL };

	environment_use(handed);
	CHECK_STR(parse("MITIGATOR_VPN_ADDRESS=10.8.3.2\nDATA_PLANE_VPN_PORT=4569\n"),
		  ".env:1: warning: MITIGATOR_VPN_ADDRESS is not what this container was made with, 10.8.3.1: `docker-compose up -d` makes "
		  "it anew\n");
	CHECK_INT(env.vpn_address.addr.bytes[3], 1);
	CHECK_INT(env.source[ENV_KEY_ADDRESS], ENV_SOURCE_ENVIRONMENT);
	CHECK_INT(env.dataplane_port, 4569);
	CHECK_INT(env.source[ENV_KEY_PORT], ENV_SOURCE_FILE);
	CHECK_INT(env.source[ENV_KEY_DEVICE], ENV_SOURCE_DEFAULT);
	CHECK_STR(parse("MITIGATOR_VPN_ADDRESS=\"10.8.3.1\"\n"), "");
	CHECK_STR(parse(NULL), "");
	CHECK(env.address_line && !env.has_file);
	environment_use(NULL);
	CHECK_STR(parse(NULL), "");
	CHECK(!env.address_line);
}

TEST(environment_that_the_file_no_longer_says_is_told_once)
{
	static char metrics[] = "MITIGATOR_METRICS=on", address[] = "MITIGATOR_VPN_ADDRESS=10.8.3.1";
	static char *const handed[] = { metrics, address, NULL };
	struct env_conf former;

	environment_use(handed);
	(void)parse("MITIGATOR_METRICS=on\n");
	former = env;
	(void)parse("# nothing\n");
	env_check_gone(&env, &former, &diag);
	diag_print(&diag, append, NULL);
	CHECK_STR(printed, ".env:1: warning: MITIGATOR_METRICS is not in it any more, and this container was made with on: "
			   "`docker-compose up -d` makes it anew\n");
	/* What the file never had is none of its changes; nor is a file that is not mounted, or a first look. */
	former = env;
	(void)parse("# nothing\n");
	env_check_gone(&env, &former, &diag);
	env_check_gone(&env, NULL, &diag);
	former.in_file[ENV_KEY_METRICS] = true;
	(void)parse(NULL);
	env_check_gone(&env, &former, &diag);
	CHECK_INT(diag.warning_count, 0);
	environment_use(NULL);
}

TEST(environment_is_named_for_what_is_wrong_with_it)
{
	static char address[] = "MITIGATOR_VPN_ADDRESS=10.8.3", metrics[] = "MITIGATOR_METRICS=yes";
	static char *const handed[] = { address, metrics, NULL };

	environment_use(handed);
	(void)parse("# nothing\n");
	environment_use(NULL);
	CHECK(strstr(printed, "environment:1: MITIGATOR_VPN_ADDRESS \"10.8.3\": ") == printed);
	CHECK(strstr(printed, "environment:1: MITIGATOR_METRICS \"yes\": expected on or off\n"));
}

TEST(env_takes_metrics_and_a_syslog_server)
{
	CHECK_STR(parse("MITIGATOR_METRICS=on\nMITIGATOR_SYSLOG=[2001:db8::1]:514\n"), "");
	CHECK(env.metrics);
	CHECK_STR(env.syslog_host, "2001:db8::1");
	CHECK_INT(env.syslog_port, 514);
	CHECK_STR(parse("MITIGATOR_SYSLOG=log.example:10514\n"), "");
	CHECK_STR(env.syslog_host, "log.example");
	CHECK(!strncmp(parse("MITIGATOR_SYSLOG=log.example\n"), ".env:1: MITIGATOR_SYSLOG", 24));
	CHECK(!env.syslog_host[0] && !env.metrics);
}

static enum scrape scraped(const char *request)
{
	return scrape_read(request, strlen(request));
}

TEST(scrape_answers_one_path_and_waits_for_the_end)
{
	CHECK_INT(scraped("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"), SCRAPE_METRICS);
	CHECK_INT(scraped("GET /metrics?a=b HTTP/1.0\r\n\r\n"), SCRAPE_METRICS);
	CHECK_INT(scraped("HEAD /metrics HTTP/1.1\r\n\r\n"), SCRAPE_HEAD);
	CHECK_INT(scraped("GET /metricsx HTTP/1.1\r\n\r\n"), SCRAPE_ELSEWHERE);
	CHECK_INT(scraped("GET / HTTP/1.1\r\n\r\n"), SCRAPE_ELSEWHERE);
	CHECK_INT(scraped("POST /metrics HTTP/1.1\r\n\r\n"), SCRAPE_METHOD);
	CHECK_INT(scraped("GET /metrics\r\n\r\n"), SCRAPE_BAD);
	CHECK_INT(scraped("\r\n\r\n"), SCRAPE_BAD);
	CHECK_INT(scraped("GET /metrics HTTP/1.1\r\nHost: a\r\n"), SCRAPE_MORE);
	CHECK_INT(scraped(""), SCRAPE_MORE);
}

static const char *line_of(unsigned priority, const char *host, const char *text, size_t len)
{
	static char line[SYSLOG_LINE_MAX + 1];

	line[syslog_line(line, priority, 1700000000123456, host, "kernel", text, len)] = '\0';
	return line;
}

TEST(syslog_line_is_of_rfc_5424)
{
	static char longer[3 * SYSLOG_LINE_MAX];

	CHECK_STR(line_of(LOG_DAEMON | LOG_ERR, "fra1", "gateway-dataplane: no way: really\nmore", 38),
		  "<27>1 2023-11-14T22:13:20.123Z fra1 gateway-dataplane - - - no way: really");
	CHECK_STR(line_of(LOG_KERN | LOG_WARNING, "-", "eth0: link down", 15),
		  "<4>1 2023-11-14T22:13:20.123Z - kernel - - - eth0: link down");
	CHECK_STR(line_of(LOG_DAEMON | LOG_INFO, "a", "", 0), "<30>1 2023-11-14T22:13:20.123Z a kernel - - - ");
	memset(longer, 'x', sizeof(longer));
	CHECK(strlen(line_of(LOG_DAEMON, "a", longer, sizeof(longer))) < SYSLOG_LINE_MAX);
}
