/* `support`: all that who helps from afar must know, as one text without a secret, between marks. */
#ifndef CONSOLE_SUPPORT_H
#define CONSOLE_SUPPORT_H

int support_print(void);

#endif
