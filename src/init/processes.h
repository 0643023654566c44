/* Owns the processes under PID 1: what each is started with and may do, when it is ready, when it is started again. */
#ifndef INIT_PROCESSES_H
#define INIT_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "init/consoles.h"
#include "init/handover_judge.h"

enum process_name {
	PROCESS_CONSOLE, /* the first of CONSOLES_MAX */
	PROCESS_DEVICES = PROCESS_CONSOLE + CONSOLES_MAX,
	PROCESS_RECORDER,
	PROCESS_SYSLOG,
	PROCESS_CONFIG,
	PROCESS_NETWORK,
	PROCESS_TIME,
	PROCESS_GATEWAY,
	PROCESS_DATAPLANE,
	PROCESSES
};

/* None is started. ready is called whenever the network service says that it is. */
void processes_open(struct loop *loop, void (*ready)(uint64_t now_ns));

void process_start(enum process_name name, uint64_t now_ns);
/* place is borrowed for good. False: it could not be started yet. */
bool process_start_console(size_t number, const struct console_place *place, uint64_t now_ns);
/* For whoever asks meanwhile: the services wait for the boot steps, or those that need the NICs for them. */
void processes_wait(bool for_nics);
/* Those that need the NICs. */
void processes_start_after_network(uint64_t now_ns);

/* All but consoles and drivers for hardware, and none is started again. */
void processes_stop_services(uint64_t now_ns);
bool processes_services_are_down(void);
/* A command at one of the consoles: no one comes into its session from elsewhere. */
bool processes_is_at_console(pid_t pid);
bool processes_is(enum process_name name, pid_t pid);
void processes_look(enum process_name name, struct handover_service *seen);
unsigned processes_restarts(void); /* of services, by now */
/* Each console anew, as one of recovery: it may mount. */
void processes_recover_consoles(void);

/* All, and none is started again; they are down once each exited. */
void processes_stop(uint64_t now_ns);
/* The same, but those that tell when they are ready are killed: what they keep, as NICs and the kernel's tunnels, stays as it is. */
void processes_leave(uint64_t now_ns);
void processes_return(uint64_t now_ns); /* all that left, once more */
bool processes_are_down(void);

/* Each PULSE_TICK_S: those that stand still are killed. The name of one whose packets stand still, carried by what no signal ends; NULL: none. */
const char *processes_tick(void);

/* A child was reaped, one of these or another. */
void processes_exited(pid_t pid, int status, uint64_t now_ns);

#endif
