/* `reset config`, `reset all` and `format data`: what is on the persistent partition goes. */
#ifndef INIT_RESET_H
#define INIT_RESET_H

int reset_main(int argc, char **argv);
int format_main(int argc, char **argv);

#endif
