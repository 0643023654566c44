/* The process that keeps the log on the partition: what belongs there is gathered, and written at most once a minute, or at once when it
 * is urgent or there is no room for more. It alone waits for the disk: what that does not take is lost, is told of once, and is in no one's way. */
#ifndef CONSOLE_RECORDER_H
#define CONSOLE_RECORDER_H

int recorder_main(void);

#endif
