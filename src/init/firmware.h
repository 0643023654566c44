/* What the firmware and the loader left for us in EFI variables. */
#ifndef INIT_FIRMWARE_H
#define INIT_FIRMWARE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A variable as efivarfs has it: four bytes of attributes, then UTF-16. As ASCII, '?' for the rest: its length, or -EINVAL. */
ssize_t firmware_text(const uint8_t *bytes, size_t len, char *dst, size_t cap);

/* Mounts efivarfs; says which of the loader's entries runs, and how long firmware and loader took. "" without EFI: 0, or
 * -errno when there are variables that cannot be had. */
int firmware_describe(char *words, size_t cap);

#endif
