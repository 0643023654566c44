/* `setup`: from an empty partition to files that run, by what cannot be known. */
#ifndef GATEWAY_SETUP_H
#define GATEWAY_SETUP_H

int setup_main(int argc, char **argv);

#endif
