/* `update`: another version of this system beside the one that runs, on trial from the next boot on. */
#ifndef INIT_UPDATE_H
#define INIT_UPDATE_H

int update_main(int argc, char **argv);

#endif
