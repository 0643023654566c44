/* Kernel modules without modprobe(8): modules.dep, .alias and .softdep of the image, finit_module(2). */
#ifndef INIT_MODULES_H
#define INIT_MODULES_H

#include "base/text.h"

/* Finds the running kernel's modules: 0 or -errno. A kernel without any is no error. */
int modules_open(void);

/* Loads a module by name with what it depends on and its options on the kernel command line: 0 (also when it is built
 * in or loaded), -ENOENT when the image does not carry it, or what the kernel said. */
int modules_load(struct slice name);

/* Loads what a device with this modalias asks for. */
void modules_plug(const char *modalias);

/* The same for every device in /sys, until no new ones appear. */
void modules_coldplug(void);

#endif
