/* The command `network`: the service, and a word to it. */
#ifndef NICS_MAIN_H
#define NICS_MAIN_H

int nics_main(int argc, char **argv);

#endif
