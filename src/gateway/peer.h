/* `gateway peer`: one [Peer] section of vpn-public.conf. */
#ifndef GATEWAY_PEER_H
#define GATEWAY_PEER_H

int peer_main(int argc, char **argv);

#endif
