/* `probe NAME`: whether what is as long as it may be passes to a peer and back, on both paths, and if not, how much does. */
#ifndef GATEWAY_PROBE_H
#define GATEWAY_PROBE_H

int probe_main(const char *run_dir, int argc, char **argv); /* the exit status: 0 when all passes */

#endif
