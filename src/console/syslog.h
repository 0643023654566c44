/* The process that sends the log to a syslog server: the kernel's buffer, where the system's processes write to that, else what a
 * service copies into its standard input. Where to is in a file, argv[1], and may change; without it everything waits. */
#ifndef CONSOLE_SYSLOG_H
#define CONSOLE_SYSLOG_H

int syslog_main(int argc, char **argv);

#endif
