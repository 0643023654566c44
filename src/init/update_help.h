/* What an operator reads before an update. */
#ifndef INIT_UPDATE_HELP_H
#define INIT_UPDATE_HELP_H

void update_help(void);

#endif
