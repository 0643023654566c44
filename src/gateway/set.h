/* `gateway set` and `gateway unset`: one key of one file. */
#ifndef GATEWAY_SET_H
#define GATEWAY_SET_H

int set_main(int argc, char **argv); /* both, by argv[0] */

#endif
