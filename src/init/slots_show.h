/* `show boot` at the console: which images are on the ESP, which one runs, what became of the others. */
#ifndef INIT_SLOTS_SHOW_H
#define INIT_SLOTS_SHOW_H

int slots_show_main(void);

#endif
