/* A program that is alive and stands still carries nothing: it is ended, and whoever follows it makes it anew. */
#ifndef TUNNEL_UAPI_SILENCE_H
#define TUNNEL_UAPI_SILENCE_H

#include "tunnel/tunnel.h"

/* silences: requests in a row that were not answered in time; 0 at first. An end is waited for until deadline_ns. */
void uapi_silence_note(unsigned *silences, bool silent, struct tunnel *tunnel, uint64_t deadline_ns);

#endif
