/* What is said of a service that can not be asked yet, or not any more: for whoever asks it meanwhile (control/client). */
#ifndef INIT_ABSENT_H
#define INIT_ABSENT_H

/* A sentence, until the next one of the same service. */
void absent_tell(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* It is there. */
void absent_end(const char *name);

#endif
