/* The console's `show`: both paths, the files and the host on one screen, whatever of them does not answer. */
#ifndef GATEWAY_OVERVIEW_H
#define GATEWAY_OVERVIEW_H

/* overview [NAME | watch [SECONDS]] [--conf DIR]: the exit status, 1 when a path is down. */
int overview_main(const char *run_dir, int argc, char **argv);

#endif
