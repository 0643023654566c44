/* Who sent a signal, as far as the kernel vouches for it. */
#ifndef INIT_SENDER_H
#define INIT_SENDER_H

#include <sys/signalfd.h>
#include <sys/types.h>

/* 0 where the sender itself says who it is, as by sigqueue(3): it may say anyone. */
pid_t sender_of(const struct signalfd_siginfo *info);

#endif
