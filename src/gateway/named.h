/* Verbs that the binary is called by: asked of the one service that runs here. */
#ifndef GATEWAY_NAMED_H
#define GATEWAY_NAMED_H

int named_main(int argc, char **argv); /* argv[0] is the verb */

#endif
