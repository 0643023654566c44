/* The power button of the machine, or a BMC that presses it ("graceful shutdown"): ACPI tells it as an input device. */
#ifndef INIT_BUTTON_H
#define INIT_BUTTON_H

#include <poll.h>
#include <stdbool.h>

enum { BUTTONS_MAX = 4 };

/* Opens those that are there and not open yet: how many stand in fds. */
unsigned button_open(struct pollfd fds[static BUTTONS_MAX], unsigned count);

/* Whether one was pressed; what it has to say is read. One that is gone is closed, its fd -1. */
bool button_pressed(struct pollfd *button);

#endif
