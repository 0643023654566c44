/* What an instance has to give to its peers, in memory while someone fetches it. By a process of its own: who reads what peers send
 * reads no disk, and who reads the disk hears one byte. */
#ifndef CLUSTER_SHELF_H
#define CLUSTER_SHELF_H

/* Over one end of a SOCK_SEQPACKET pair, until the other one is closed: has OFFER_APPLET put the bundle together for each byte that
 * comes, and answers with a byte (base/pass.h) and the bundle's descriptor, which no one can write to; without one: there is nothing to give. */
void shelf_run(int socket);

#endif
