/* The client's end of the control socket. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include "control/control.h"

/* Sends the words, copies the answer to out_fd and err_fd as it comes: the exit status 0..255, or -errno
 * (-ECONNREFUSED, -ENOENT: no one serves it; -ETIMEDOUT: silence for 30 s; -EINTR: a signal came). */
int control_request(const char *path, int argc, char *const argv[], int out_fd, int err_fd);

/* The same, and the server gets a descriptor of pass_fd with it, -1: none. Whether it hears an interrupt is the caller's to say
 * (base/interrupt.h). */
int control_request_with(const char *path, int argc, char *const argv[], int pass_fd, int out_fd, int err_fd);

/* The same in two steps, so that several are asked at once: a descriptor or -errno; then the rest, which closes it. Who says nothing
 * for silence_ms has not answered. */
int control_begin(const char *path, int argc, char *const argv[], unsigned silence_ms);
int control_finish(int fd, unsigned silence_ms, int out_fd, int err_fd);

/* What a negative status of these means for who asked: "the service does not run". */
const char *control_words(int err);

/* The same of a service of run_dir, as the supervisor has it where there is one: "the service does not run: it was killed by ...". */
enum { CONTROL_WHY_LEN = 192 };
const char *control_why(int err, const char *run_dir, const char *name, char why[static CONTROL_WHY_LEN]);

#endif
