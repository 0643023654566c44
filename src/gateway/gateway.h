/* The commands `gateway` and `gateway-dataplane`: the service itself, and what speaks to it. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

/* argv[0] is the path's name. Returns the exit status. */
int gateway_main(int argc, char **argv);

#endif
