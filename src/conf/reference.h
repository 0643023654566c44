/* What the files may hold, out of the key tables, for people. Pure. */
#ifndef CONF_REFERENCE_H
#define CONF_REFERENCE_H

/* As Markdown, one table per file. README.md carries exactly this text. */
void reference_markdown(void (*line)(void *arg, const char *text), void *arg);

/* The same for a screen. */
void reference_print(void (*line)(void *arg, const char *text), void *arg);

#endif
