/* What BOOT_FILE, which `boot` shows, says of the steps of a boot and of what comes up later. */
#ifndef INIT_STEPS_TELL_H
#define INIT_STEPS_TELL_H

#include <stdint.h>

/* Adds a line: seconds since the kernel started, those that it took, whether it went well. It goes into the log, too. */
void steps_tell(const char *name, uint64_t took_ns, int err, const char *words);

#endif
