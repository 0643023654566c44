/* What is wrong with the operator's files: file, line and a sentence each, collected until someone prints them. */
#ifndef CONF_DIAG_H
#define CONF_DIAG_H

#include <stdbool.h>
#include <stddef.h>

enum { DIAG_FINDINGS_MAX = 256, DIAG_TEXT_LEN = 256 };

enum diag_level { DIAG_ERROR, DIAG_WARNING };

struct diag_finding {
	const char *file; /* a name that lives as long as the program */
	unsigned line;    /* from 1; 1 for a problem of the whole file */
	enum diag_level level;
	char text[DIAG_TEXT_LEN];
};

struct diag {
	struct diag_finding findings[DIAG_FINDINGS_MAX];
	size_t count;         /* kept in findings */
	size_t error_count;   /* counted also when there was no room to keep one */
	size_t warning_count; /* likewise */
	bool ran_before;      /* the set was applied, by this release or one before */
};

void diag_clear(struct diag *diag, bool ran_before);
void diag_copy(struct diag *to, const struct diag *from); /* costs as much as is in from */
void diag_error(struct diag *diag, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* For what releases before this one took, or what the host has come to be like since: only a warning for a set that ran
 * (diag->ran_before), since no host must lose its network by an update. */
void diag_error_unless_ran(struct diag *diag, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void diag_warning(struct diag *diag, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Calls line once per finding, errors first, by file and line, as "file:line: sentence" ("file:line: warning: sentence"),
 * and once more for what there was no room to keep. */
void diag_print(const struct diag *diag, void (*line)(void *arg, const char *text), void *arg);

/* "2 errors, 1 warning" */
const char *diag_summary(const struct diag *diag, char *dst, size_t cap);

/* All that is wrong is known, and nothing of it is in that file. */
bool diag_spares(const struct diag *diag, const char *file);

#endif
