/* The service `network`: keeps the NICs as network.conf says, also those that come later. */
#ifndef NICS_SERVICE_H
#define NICS_SERVICE_H

int nics_main(int argc, char **argv);

#endif
