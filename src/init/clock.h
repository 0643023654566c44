/* `clock` at the console: what the time is known by, and `clock set`. */
#ifndef INIT_CLOCK_H
#define INIT_CLOCK_H

int clock_main(int argc, char **argv); /* the exit status */

#endif
