/* Puts the bundle of the image that runs together again, for whoever hands it to peers: from the ESP, checked as an update is. */
#ifndef INIT_OFFER_H
#define INIT_OFFER_H

/* The applet: standard output is an empty file. 0, or 1: there is none, which the log tells. */
int offer_main(void);

#endif
