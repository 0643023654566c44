/* What the firmware and the loader left for us in EFI variables. */
#ifndef INIT_FIRMWARE_H
#define INIT_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A variable as efivarfs has it: four bytes of attributes, then UTF-16. As ASCII, '?' for the rest: its length, or -EINVAL. */
ssize_t firmware_text(const uint8_t *bytes, size_t len, char *dst, size_t cap);

/* One of the loader's variables as text: false when it is not there. */
bool firmware_read(const char *name, char *dst, size_t cap);

/* Which of the loader's entries runs, and how long firmware and loader took; "" without EFI. */
void firmware_describe(char *words, size_t cap);

#endif
