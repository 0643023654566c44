#include "gateway/carrier.h"

#include <string.h>

/* auto that was auto before takes what carries the path now: what this host came to have since is no reason to end
 * sessions. auto that is new takes what it would choose. */
bool carrier_stays(struct carrier *carrier, const struct tunnel_ops *ops, const char *word, struct nl *host)
{
	struct backend_choice choice;
	char words[TUNNEL_ERROR_LEN];

	if (!ops)
		return false;
	if (strcmp(word, BACKEND_AUTO) != 0) {
		choice = (struct backend_choice){ ops, "" };
		if (strcmp(word, ops->name) != 0)
			return false;
	} else if (!strcmp(carrier->word, BACKEND_AUTO)) {
		return ops == carrier->ops;
	} else if (backend_look(word, host, &choice, words, sizeof(words)) < 0 || choice.ops != ops) {
		return false;
	}
	carrier->reason = choice.reason;
	return true;
}
