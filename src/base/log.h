/* The log of a process: one line says who, what and why. Lines go to standard error; where that is /dev/kmsg they
 * join the kernel's ring buffer, so one place on the box has them all, in order, and errors reach the serial console. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

void log_open(const char *who); /* borrowed for good */
bool log_is_kernels(void);      /* standard error is /dev/kmsg */
/* Lines go there too from now on, with their level in front; the end of it that is written to is taken over. -1: nowhere, and the
 * last one is closed. */
void log_copy(int pipe_fd);

void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));  /* an operator must mend this */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* a state changed */
void log_err_line(void *arg, const char *text); /* log_err, of what gives its lines one by one */

#endif
