#include "init/sender.h"

#include <signal.h>

pid_t sender_of(const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_USER ? (pid_t)info->ssi_pid : 0;
}
