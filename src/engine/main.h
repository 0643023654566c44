/* The applet `wireguard-lwip`: WireGuard in user space as a program, an interface that stock wg(8) and ip(8) drive. */
#ifndef ENGINE_MAIN_H
#define ENGINE_MAIN_H

int engine_main(int argc, char **argv);

#endif
