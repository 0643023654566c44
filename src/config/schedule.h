/* `reconfigure at HH:MM[:SS]`: what is checked and planned now is applied then. */
#ifndef CONFIG_SCHEDULE_H
#define CONFIG_SCHEDULE_H

#include "config/owner.h"

enum { SCHEDULE_PAST_S = 3600 }; /* a time that was so lately is not tomorrow's: the other instances may have had it */

enum schedule_verdict { SCHEDULE_OK, SCHEDULE_NO_TIME, SCHEDULE_IS_OVER };

/* The next time, UTC, that a clock which says now_s shows this. With SCHEDULE_IS_OVER it is when that was. Pure. */
enum schedule_verdict schedule_time(const char *text, int64_t now_s, int64_t *at_s);

/* When that is, or -1: told why nothing can wait for it. */
int64_t schedule_when(const struct owner *owner, const char *text);
/* The set waits for its time: an exit status. */
int schedule_commit(struct owner *owner, const struct conf_set *set, int64_t at_s);

/* What waits does not any more: true, told; false: nothing does. */
bool schedule_cancel(struct owner *owner);

#endif
