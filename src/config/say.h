/* What a person is told of a change: at the console, or in the log by a process that no one looks at. */
#ifndef CONFIG_SAY_H
#define CONFIG_SAY_H

void say_to_log(void); /* from here on */
void say_to_screen(void); /* again: as it is at first */

/* One line, without its end. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
