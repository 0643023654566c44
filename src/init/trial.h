/* PID 1's side of an image on trial, which the loader started with a counter: someone looks who is heard, the verdict is made of that
 * (init/verdict.h), and the image is confirmed, or given up by a reboot. */
#ifndef INIT_TRIAL_H
#define INIT_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"

/* The boot step: asks the loader whether this image is on trial, and says so. 0 or -errno. */
int trial_ask(char *words, size_t cap);

/* PID 1. The image has begun; give_up is called once, with what it lacks. */
void trial_open(struct loop *loop, void (*give_up)(const char *why, uint64_t now_ns));
void trial_services(uint64_t now_ns); /* the boot steps are over */
/* Again and again. restarts: of services, by now. */
void trial_tick(unsigned restarts, uint64_t now_ns);
/* A child was reaped, one of these or another. */
void trial_exited(pid_t pid, int status, uint64_t now_ns);
/* Someone sits at a console, or the end has come: nothing is judged any more. */
void trial_stop(void);

/* This image may yet be given up, or it is not known whether it may. */
bool trial_is_on(void);
/* That is the child which confirms it, and so may write the firmware's variables. */
bool trial_confirms(pid_t pid);

#endif
