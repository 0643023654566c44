/* What may stand behind each command, word by word, with what it means: what ?, Tab and unique beginnings go by. */
#ifndef CONSOLE_WORDS_H
#define CONSOLE_WORDS_H

#include <stddef.h>

enum word_kind {
	WORD_FIXED,   /* this word */
	WORD_TYPED,   /* anything; the word stands for it, in capitals */
	WORD_ADDRESS, /* likewise, but the VPN addresses of peers are known */
	WORD_PEER,    /* names that are known by RUN_DIR's names: of peers */
	WORD_NIC,     /* of NICs */
	WORD_COMMAND,
	WORD_NONE,  /* the command takes no words at all */
	WORD_WHOLE, /* likewise, and is itself to be written out */
	WORD_FILTERED, /* no word, but that what it prints may be filtered */
	WORD_PAGED,    /* likewise, and comes in pages: it reads nothing from the terminal */
	WORD_ENDLESS,  /* no further word, but that with this first one the command goes on until Ctrl-C: in no pages */
	WORD_EARLY,    /* likewise, and alone it is obeyed before it is known whether there is a password */
	WORD_EARLY_WORDS, /* the same, with its words */
	WORD_PASTED,   /* no word, but that what is pasted behind it is meant for it alone, also when it does not take it */
};

enum { WORD_ANYWHERE = 0 };

struct word {
	const char *command; /* "peer set": of that command with that first word, in place of the rows of the command alone */
	const char *word;
	enum word_kind kind;
	unsigned place;    /* 1: the first one behind the command */
	const char *after; /* it fits behind this word only; NULL: behind any */
	const char *help;  /* NULL: it fits, and is not told of */
};

extern const struct word command_words[];
extern const size_t command_word_count;

#endif
