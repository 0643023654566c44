/* `install`: the system that runs, put on a disk. */
#ifndef INIT_INSTALL_H
#define INIT_INSTALL_H

int install_main(int argc, char **argv);

#endif
