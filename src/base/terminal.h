/* The terminal on standard input and output: lines by base/line.h, in a mode in which the terminal itself cuts nothing. */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stdint.h>

#include "base/line.h"

/* Takes the line discipline over, and nothing when it is no terminal. Ctrl-C stays a signal, so that it also ends what does
 * not read; it ends a terminal_read and not the process. What was set before is kept for terminal_restore. */
void terminal_open(void);
void terminal_restore(void);

/* A read that gets no byte for so long ends: terminal_read_or with LINE_IDLE; terminal_read with LINE_GONE, and so does each one
 * behind it. 0: never. */
void terminal_idle_after(unsigned seconds);
int terminal_idle_ms(void); /* that, for poll(2) */
bool terminal_idled(void);  /* a read of this process has ended so since that was asked last */

/* In a child that is about to become a program which may read on: what was typed may have half an Enter left, and the time
 * without a byte is the same. */
void terminal_pass_on(void);

/* Its size, if it tells: a serial line does not. */
bool terminal_size(unsigned *rows, unsigned *columns);

/* How many bytes were typed that no one has read. */
size_t terminal_waiting(void);

/* Takes what comes and drops it, until nothing has come for a moment, and once something has for a second; for five minutes at the most:
 * how many bytes. */
size_t terminal_swallow(void);

/* Reads until something happens, byte for byte: what follows is for whoever reads next. */
enum line_event terminal_read(struct line *line);
/* The same, and LINE_NEWS once another descriptor can be read, not before a time (by clock_now_ns()), and no one is typing. */
enum line_event terminal_read_or(struct line *line, int other_fd, uint64_t not_before_ns);

/* Asks whoever types, between terminal_open and terminal_restore: true for yes or y. A script gets no as its answer. The question says
 * how it is answered. */
bool terminal_yes(const char *question);
/* What is neither yes nor no may be the rest of a paste: then it is asked again, not for ever. */
bool terminal_yes_behind_paste(const char *question);

/* For line_init: shown on standard output, if that is a terminal; of a secret the Enter alone. */
void terminal_echo(void *arg, const char *bytes, size_t len);
void terminal_echo_end(void *arg, const char *bytes, size_t len);

#endif
