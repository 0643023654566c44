#include <string.h>

#include "console/audit.h"
#include "test.h"

enum { WORDS_MAX = 8 };

/* wanted: what is told of a line, "" when it is nothing. */
static void check_line(const char *line, int status, const char *wanted)
{
	char words[256], copy[256], *argv[WORDS_MAX], *save = NULL;
	struct text text;
	int argc = 0;

	text_init(&text, words, sizeof(words));
	text_format(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &save); word && argc < WORDS_MAX; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	CHECK_INT(audit_words(argc, argv, status, &text), *wanted != '\0');
	CHECK_STR(words, wanted);
}

TEST(audit_of_a_change_names_the_key_and_never_its_value)
{
	static const struct {
		const char *line;
		int status;
		const char *told;
	} rows[] = {
		{ "set ListenPort 5567", 0, " set ListenPort" },
		{ "set DATA_PLANE_VPN_MTU 1400", 0, " set DATA_PLANE_VPN_MTU" },
		{ "set MITIGATOR_HOSTNAME Name", 0, " set MITIGATOR_HOSTNAME" },
		{ "set eth0 Address 192.0.2.9/24", 0, " set eth0 Address" },
		{ "set eth0 network.gateway 192.0.2.254", 0, " set eth0 network.gateway" },
		{ "unset eth0 Address 192.0.2.9/24", 0, " unset eth0 Address" },
		{ "peer set ams1 PublicKey c2VjcmV0", 0, " peer set ams1 PublicKey" },
		{ "peer unset ams1 PresharedKey", 0, " peer unset ams1 PresharedKey" },
		{ "peer remove ams1", 0, " peer remove ams1" },
		{ "peer add", 0, " peer add" },
		{ "set PrivateKey c2VjcmV0", 1, " set PrivateKey (failed: 1)" },
		{ "set c2VjcmV0 Address c2VjcmV0", 1, " set Address (failed: 1)" },
		{ "unset c2VjcmV0 c2VjcmV0", 1, " unset (failed: 1)" },
		{ "peer set c2VjcmV0 Endpoint c2VjcmV0", 1, " peer set Endpoint (failed: 1)" },
		{ "peer set ams1 c2VjcmV0 c2VjcmV0", 1, " peer set (failed: 1)" },
		{ "set", 2, " set (failed: 2)" },
		{ "reconfigure confirm 5", 0, " reconfigure confirm 5" },
		{ "clock", 0, "" },
		{ "show", 0, "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_line(rows[i].line, rows[i].status, rows[i].told);
}
