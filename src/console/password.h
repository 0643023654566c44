/* `password`: sets the one that the consoles ask for, replaces it or takes it away. */
#ifndef CONSOLE_PASSWORD_H
#define CONSOLE_PASSWORD_H

int password_main(int argc, char **argv);

#endif
