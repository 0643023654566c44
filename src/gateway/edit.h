/* `edit FILE`: one of the four files, line by line, at a terminal of any kind. */
#ifndef GATEWAY_EDIT_H
#define GATEWAY_EDIT_H

int edit_main(int argc, char **argv);

#endif
