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

#endif
