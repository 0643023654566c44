#include "console/words.h"

#include "base/paths.h"

#define PATHS(command)                                                                                        \
	{ command, NAME_MANAGEMENT, WORD_FIXED, WORD_ANYWHERE, NULL, "the management path" },                  \
	{ command, NAME_DATAPLANE, WORD_FIXED, WORD_ANYWHERE, NULL, "the path between packet processors" }

/* For a test, and on other hosts. */
#define CONF(command)                                                                  \
	{ command, "--conf", WORD_FIXED, WORD_ANYWHERE, NULL, NULL },                  \
	{ command, "DIR", WORD_TYPED, WORD_ANYWHERE, "--conf", "where the files are" }

#define FILES(command)                                                                                           \
	{ command, "network.conf", WORD_FIXED, 1, NULL, "the NICs of this host" },                                \
	{ command, "vpn-private.conf", WORD_FIXED, 1, NULL, "the key and the port of this instance" },            \
	{ command, "vpn-public.conf", WORD_FIXED, 1, NULL, "all instances, the same text on each" },              \
	{ command, ".env", WORD_FIXED, 1, NULL, "the VPN address of this instance, and switches" }

#define NAMED_PEER(command) { command, "NAME", WORD_PEER, 2, NULL, "behind its [Peer], or its VPN address" }

#define KEY_OF_PEER(command)                                                                         \
	{ command, "Endpoint", WORD_FIXED, 3, NULL, "the address and port that it is reached by" },   \
	{ command, "AllowedIPs", WORD_FIXED, 3, NULL, "its addresses inside the VPN" },               \
	{ command, "PublicKey", WORD_FIXED, 3, NULL, "its key" },                                     \
	{ command, "PersistentKeepalive", WORD_FIXED, 3, NULL, "an empty packet that often" },        \
	{ command, "KEY", WORD_TYPED, 3, NULL, "or another key of `help conf`" }

#define VERBS(command)                                                                                          \
	{ command, "show", WORD_FIXED, 1, NULL, "state, address, key, peers, handshakes" },                      \
	{ command, "status", WORD_FIXED, 1, NULL, "in one line: up, or why not" },                               \
	{ command, "wg", WORD_FIXED, 1, NULL, "what wg(8) does and says" },                                      \
	{ command, "VERB", WORD_TYPED, WORD_ANYWHERE, NULL, NULL }

#define PAGED(command) { command, NULL, WORD_PAGED, WORD_ANYWHERE, NULL, NULL }
#define EARLY(command) { command, NULL, WORD_EARLY, WORD_ANYWHERE, NULL, NULL }
#define PASTED(command) { command, NULL, WORD_PASTED, WORD_ANYWHERE, NULL, NULL }
#define FILTERED(command) { command, NULL, WORD_FILTERED, WORD_ANYWHERE, NULL, NULL }

const struct word command_words[] = {
	/* what stands behind | */
	{ "|", "WORD", WORD_TYPED, 1, NULL, "the lines alone that hold it" },
	{ "|", "count", WORD_FIXED, 1, NULL, "how many lines there are" },
	{ "|", "json", WORD_FIXED, 1, NULL, "for programs" },
	{ "|", "no-more", WORD_FIXED, 1, NULL, "without a pause after each screen" },

	PAGED("help"),
	PAGED("show"),
	PAGED("check"),
	PAGED(NAME_NETWORK),
	PAGED("log"),
	PAGED("boot"),
	PAGED("hardening"),
	PAGED("plan"),
	PAGED("history"),
	PAGED("diff"),
	PAGED("view"),
	{ "show", "watch", WORD_ENDLESS, WORD_ANYWHERE, NULL, NULL },
	FILTERED("ping"),
	FILTERED("probe"),
	FILTERED("clock"),
	FILTERED("version"),
	FILTERED("wg"),
	FILTERED(NAME_MANAGEMENT),
	FILTERED(NAME_DATAPLANE),
	PASTED("write"),
	PASTED("edit"),
	PASTED("setup"),
	PASTED("peer"),
	PASTED("import"),
	PASTED("password"),
	{ "help", NULL, WORD_EARLY_WORDS, WORD_ANYWHERE, NULL, NULL },
	{ "log", NULL, WORD_EARLY_WORDS, WORD_ANYWHERE, NULL, NULL },
	EARLY("show"),
	EARLY("check"),
	EARLY(NAME_NETWORK),
	EARLY("boot"),
	EARLY("hardening"),
	EARLY("version"),
	EARLY("clock"),
	EARLY("reboot"),
	EARLY("poweroff"),

	{ "help", "conf", WORD_FIXED, 1, NULL, "what the files may hold" },
	{ "help", "rotate", WORD_FIXED, 1, NULL, "a new key for one instance of a cluster that runs" },
	{ "help", "port", WORD_FIXED, 1, NULL, "another ListenPort for all of them" },
	{ "help", "COMMAND", WORD_COMMAND, 1, NULL, NULL },
	{ "help", "WORD", WORD_TYPED, 2, NULL, NULL },

	{ "show", "watch", WORD_FIXED, 1, NULL, "again and again, with bytes a second, until Ctrl-C" },
	{ "show", "all", WORD_FIXED, 1, NULL, "all that both paths say of themselves and of each peer" },
	{ "show", "boot", WORD_FIXED, 1, NULL, "the images on the ESP, which one runs, and the steps of this boot" },
	PATHS("show"),
	{ "show", "filter", WORD_FIXED, 1, NULL, "what comes to this host: let in and dropped, in packets" },
	{ "show", "NAME", WORD_PEER, 1, NULL, "one peer: its name, VPN address or public key" },
	{ "show", "SECONDS", WORD_TYPED, 2, "watch", "between two of them: 5 when none is given" },
	{ "show", "--json", WORD_FIXED, WORD_ANYWHERE, NULL, "for programs" },

	{ "check", "--strict", WORD_FIXED, WORD_ANYWHERE, NULL, "this instance in no [Peer] is an error" },
	{ "check", "--no-names", WORD_FIXED, WORD_ANYWHERE, NULL, "no name server is asked" },
	{ "check", "--no-host", WORD_FIXED, WORD_ANYWHERE, NULL, "the files alone, whatever this host is like" },
	CONF("check"),

	FILES("view"),
	{ "view", "LINE", WORD_TYPED, 2, NULL, "from where on; else all of it" },
	CONF("view"),
	{ "setup", NULL, WORD_NONE, 1, NULL, NULL },
	FILES("edit"),
	CONF("edit"),
	FILES("write"),
	{ "write", "--force", WORD_FIXED, 2, NULL, "without a question" },
	CONF("write"),

	{ "set", "KEY", WORD_TYPED, 1, NULL, "a key of `help conf`, or the name of a NIC" },
	{ "set", "VALUE", WORD_TYPED, 2, NULL, "its value; behind a NIC the key" },
	{ "set", "VALUE", WORD_TYPED, 3, NULL, "more of the value; behind a NIC and a key the value" },
	{ "set", "WORD", WORD_TYPED, WORD_ANYWHERE, NULL, NULL },
	{ "unset", "KEY", WORD_TYPED, 1, NULL, "a key of `help conf`, or the name of a NIC" },
	{ "unset", "VALUE", WORD_TYPED, 2, NULL, "its value, where it stands more than once; behind a NIC the key" },
	{ "unset", "VALUE", WORD_TYPED, 3, NULL, "behind a NIC and a key the value" },
	{ "unset", "WORD", WORD_TYPED, WORD_ANYWHERE, NULL, NULL },

	{ "peer", "add", WORD_FIXED, 1, NULL, "one [Peer] section, pasted" },
	{ "peer", "remove", WORD_FIXED, 1, NULL, "the section of a peer" },
	{ "peer", "set", WORD_FIXED, 1, NULL, "a key of a peer" },
	{ "peer", "unset", WORD_FIXED, 1, NULL, "remove a key of a peer" },
	CONF("peer add"),
	NAMED_PEER("peer remove"),
	CONF("peer remove"),
	NAMED_PEER("peer set"),
	KEY_OF_PEER("peer set"),
	{ "peer set", "VALUE", WORD_TYPED, 4, NULL, "its value, in as many words as it takes" },
	{ "peer set", "WORD", WORD_TYPED, WORD_ANYWHERE, NULL, NULL },
	NAMED_PEER("peer unset"),
	KEY_OF_PEER("peer unset"),
	{ "peer unset", "VALUE", WORD_TYPED, 4, NULL, "its value, where the key stands more than once" },
	{ "peer unset", "WORD", WORD_TYPED, WORD_ANYWHERE, NULL, NULL },

	{ "key", "show", WORD_FIXED, 1, NULL, "the [Peer] that the others need of this instance" },
	{ "key", "new", WORD_FIXED, 1, NULL, "a new private key into vpn-private.conf" },
	{ "key", "--force", WORD_FIXED, 2, "new", "without a question" },
	CONF("key"),

	{ "export", "--with-keys", WORD_FIXED, WORD_ANYWHERE, NULL, "SECRET: private and preshared keys too" },
	CONF("export"),
	CONF("import"),

	{ "reconfigure", NAME_MANAGEMENT, WORD_FIXED, WORD_ANYWHERE, NULL, NULL }, /* it is told why not */
	{ "reconfigure", NAME_DATAPLANE, WORD_FIXED, WORD_ANYWHERE, NULL, NULL },
	{ "reconfigure", "--force", WORD_FIXED, WORD_ANYWHERE, NULL, "without a question" },

	{ "reconfigure", "at", WORD_FIXED, 1, NULL, "checked now, applied when the clock says HH:MM" },
	{ "reconfigure", "HH:MM[:SS]", WORD_TYPED, 2, "at", "the time, UTC" },
	{ "reconfigure", "confirm", WORD_FIXED, 1, NULL, "undone in 5 minutes unless you `confirm`" },
	{ "reconfigure", "MINUTES", WORD_TYPED, 2, "confirm", "in so many" },
	{ "reconfigure", "confirm", WORD_FIXED, 3, NULL, "undone in 5 minutes unless you `confirm`" },
	{ "reconfigure", "MINUTES", WORD_TYPED, 4, "confirm", "in so many" },

	{ "plan", NULL, WORD_NONE, 1, NULL, NULL },
	{ "confirm", NULL, WORD_WHOLE, 1, NULL, NULL },
	{ "history", NULL, WORD_NONE, 1, NULL, NULL },
	{ "diff", "N", WORD_TYPED, 1, NULL, "a generation of `history`" },
	{ "diff", "M", WORD_TYPED, 2, NULL, "and another, in place of what runs" },
	{ "rollback", NULL, WORD_WHOLE, WORD_ANYWHERE, NULL, NULL },
	{ "rollback", "N", WORD_TYPED, 1, NULL, "a generation of `history`" },
	{ "rollback", "--force", WORD_FIXED, 2, NULL, "without a question" },
	{ "undo", NULL, WORD_WHOLE, WORD_ANYWHERE, NULL, NULL },
	{ "undo", "--force", WORD_FIXED, 1, NULL, "without a question" },

	{ "ping", "COUNT", WORD_TYPED, WORD_ANYWHERE, "-c", "how many echo requests" },
	{ "ping", "SECONDS", WORD_TYPED, WORD_ANYWHERE, "-i", "between two of them: 1, or 0.2" },
	{ "ping", "BYTES", WORD_TYPED, WORD_ANYWHERE, "-s", "of data: 56 when none is given, 8 to 8972" },
	{ "ping", "out", WORD_FIXED, 1, NULL, "to an address outside of the tunnel: from the NICs" },
	{ "ping", "ADDRESS", WORD_ADDRESS, WORD_ANYWHERE, NULL, "a VPN address of another instance" },
	PATHS("ping"),
	{ "ping", "-c", WORD_FIXED, WORD_ANYWHERE, NULL, "how many, COUNT behind it" },
	{ "ping", "-i", WORD_FIXED, WORD_ANYWHERE, NULL, "how often, SECONDS behind it" },
	{ "ping", "-s", WORD_FIXED, WORD_ANYWHERE, NULL, "how long, BYTES behind it" },
	{ "ping", "-D", WORD_FIXED, WORD_ANYWHERE, NULL, "in one piece or not at all" },
	{ "ping", "-q", WORD_FIXED, WORD_ANYWHERE, NULL, "the sum alone" },

	{ "probe", "NAME", WORD_PEER, 1, NULL, "a peer: its name, VPN address or public key" },

	{ NAME_NETWORK, "NIC", WORD_NIC, 1, NULL, "one NIC, with all that is known of it" },
	{ NAME_NETWORK, "identify", WORD_FIXED, 1, NULL, "blink the light of a NIC" },
	{ NAME_NETWORK, "NIC", WORD_NIC, 2, "identify", "the name of a NIC" },
	{ NAME_NETWORK, "VERB", WORD_TYPED, WORD_ANYWHERE, NULL, NULL },

	{ "log", "TIME", WORD_TYPED, 1, NULL, "how far back: 30m, 2h, 1d" },
	{ "log", "boot", WORD_FIXED, 1, NULL, "since the system started; else what the partition has too" },
	{ "log", "peer", WORD_FIXED, WORD_ANYWHERE, NULL, "lines about one peer" },
	{ "log", "NAME", WORD_PEER, WORD_ANYWHERE, "peer", "its name" },
	{ "log", "WORD", WORD_TYPED, WORD_ANYWHERE, NULL, "lines that hold it" },
	{ "support", NULL, WORD_NONE, 1, NULL, NULL },
	{ "boot", NULL, WORD_NONE, 1, NULL, NULL },
	{ "hardening", NULL, WORD_NONE, 1, NULL, NULL },

	VERBS(NAME_MANAGEMENT),
	VERBS(NAME_DATAPLANE),
	{ "wg", "show", WORD_FIXED, 1, NULL, "the interface and its peers" },
	{ "wg", "showconf", WORD_FIXED, 1, NULL, "SECRET: what runs, as wg(8) writes it" },
	{ "wg", "genkey", WORD_FIXED, 1, NULL, "SECRET: a new private key" },
	{ "wg", "genpsk", WORD_FIXED, 1, NULL, "SECRET: a new preshared key" },
	{ "wg", "pubkey", WORD_FIXED, 1, NULL, "the public key of a private key that is typed next" },
	{ "wg", "VERB", WORD_TYPED, WORD_ANYWHERE, NULL, NULL },

	{ "clock", "set", WORD_FIXED, 1, NULL, "set it, and the machine's own clock" },
	{ "clock", "YYYY-MM-DD", WORD_TYPED, 2, "set", "the date, UTC" },
	{ "clock", "HH:MM:SS", WORD_TYPED, 3, NULL, "the time, UTC" },
	{ "clock", "--force", WORD_FIXED, 4, NULL, "without a question" },

	{ "password", "none", WORD_FIXED, 1, NULL, "no console asks for one any more" },
	{ "password", "reset", WORD_FIXED, 1, NULL, "of one that is lost; in recovery" },
	{ "logout", NULL, WORD_NONE, 1, NULL, NULL },

	{ "install", NULL, WORD_WHOLE, WORD_ANYWHERE, NULL, NULL },
	{ "install", "DISK", WORD_TYPED, 1, NULL, "the disk to put this system on, as `install` names it" },
	{ "update", NULL, WORD_WHOLE, WORD_ANYWHERE, NULL, NULL },
	{ "update", "usb", WORD_FIXED, 1, NULL, "update.bundle on a USB stick" },
	{ "update", "confirm", WORD_FIXED, 1, NULL, "the version that runs on trial is good, whoever is heard" },
	{ "update", "from", WORD_FIXED, 1, NULL, "what a peer runs, by the VPN" },
	{ "update", "NAME", WORD_PEER, 2, "from", "the peer: its name or VPN address" },
	{ "update", "FILE", WORD_TYPED, 1, NULL, "a bundle in /srv/mitigator" },
	{ "update", "downgrade", WORD_FIXED, 2, NULL, "to one that is older than what runs" },
	{ "update", "downgrade", WORD_FIXED, 3, NULL, "to one that is older than what runs" },
	{ "reset", NULL, WORD_WHOLE, WORD_ANYWHERE, NULL, NULL },
	{ "reset", "config", WORD_FIXED, 1, NULL, "all but the key goes" },
	{ "reset", "all", WORD_FIXED, 1, NULL, "all goes, and is overwritten" },
	{ "format", NULL, WORD_WHOLE, WORD_ANYWHERE, NULL, NULL },
	{ "format", "data", WORD_FIXED, 1, NULL, "a file system that is new and empty" },
	{ "version", NULL, WORD_NONE, 1, NULL, NULL },
	{ "reboot", NULL, WORD_WHOLE, 1, NULL, NULL },
	{ "poweroff", NULL, WORD_WHOLE, 1, NULL, NULL },
};

const size_t command_word_count = sizeof(command_words) / sizeof(command_words[0]);
