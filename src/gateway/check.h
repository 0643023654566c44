/* The applet `gateway check`: are the files of a directory fit to be applied? */
#ifndef GATEWAY_CHECK_H
#define GATEWAY_CHECK_H

/* argv[0] is "check". Findings go to standard error. 0 clean (warnings allowed), 1 errors, 2 wrong usage. */
int check_main(int argc, char **argv);

#endif
