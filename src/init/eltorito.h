/* Where the ESP of a CD is (El Torito 1.0; UEFI 2.10, 13.3.2.1). */
#ifndef INIT_ELTORITO_H
#define INIT_ELTORITO_H

#include <stdbool.h>
#include <stdint.h>

/* The first byte of what a medium of so many bytes boots from. False when it is no CD's, whatever it was written to. */
bool eltorito_find(int fd, uint64_t bytes, uint64_t *at);

#endif
