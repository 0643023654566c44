/* The process that keeps the time: it runs chronyd as the files of ntp/wanted.h ask, and none while they ask nothing. The clock is
 * never stepped by it: sessions run. */
#ifndef NTP_SERVICE_H
#define NTP_SERVICE_H

int ntp_main(int argc, char **argv); /* the applet: an exit status */

#endif
