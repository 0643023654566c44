/* `gateway write`: one of the operator's files, replaced by what comes on standard input. */
#ifndef GATEWAY_WRITE_H
#define GATEWAY_WRITE_H

int write_main(int argc, char **argv);

#endif
