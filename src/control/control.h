/* The control socket: a request of words in one SEQPACKET packet, text back until a last packet with the exit status.
 * A descriptor may come with the request. A packet of the answer is a kind byte (enum control_kind) and its bytes; CONTROL_END
 * carries one status byte. */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stddef.h>
#include <sys/socket.h>

#include "base/paths.h"

enum { CONTROL_REQUEST_MAX = 1024, CONTROL_PACKET_MAX = 16384, CONTROL_WORDS_MAX = 16, CONTROL_PATH_LEN = 108,
       CONTROL_SILENCE_MAX_S = 30,
       CONTROL_END_S = 4 /* for the end of an answer that is not wanted any more */ };

enum control_kind { CONTROL_OUT = 'o', CONTROL_ERR = 'e', CONTROL_END = 'x' };

#define CONTROL_DIR RUN_DIR

/* DIR/NAME.sock: 0 or -ENAMETOOLONG. */
int control_path(char dst[static CONTROL_PATH_LEN], const char *dir, const char *name);

#endif
