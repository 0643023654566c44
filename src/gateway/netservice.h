/* The service `network`: keeps the NICs as network.conf says, also those that come later. */
#ifndef GATEWAY_NETSERVICE_H
#define GATEWAY_NETSERVICE_H

int netservice_main(int argc, char **argv);

#endif
