/* What was pasted as one of the four files, looked through before it takes the place of what is there. */
#ifndef GATEWAY_PASTED_H
#define GATEWAY_PASTED_H

#include "gateway/amend.h"

/* change->bytes[len] for that file of a directory that is open as amend_open has it: how much it is, which sections are others than
 * before, what is wrong in it. */
void pasted_print(struct amend *change, enum conf_file file, size_t len);

#endif
