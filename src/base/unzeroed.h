/* For a large local on the packets' way that is written before it is read: the compiler would zero it for each packet. */
#ifndef BASE_UNZEROED_H
#define BASE_UNZEROED_H

/* Leaves it out of -ftrivial-auto-var-init. */
#define UNZEROED __attribute__((uninitialized))

#endif
