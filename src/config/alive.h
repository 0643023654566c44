/* Who is alive, for an image on trial to be judged by: told to PID 1 while that is so, and else kept on the partition for the next one. */
#ifndef CONFIG_ALIVE_H
#define CONFIG_ALIVE_H

/* Who is alive now goes onto the partition, where that is not known there. An exit status. While the machine is young those that
 * it knows stay: they may not have called yet. */
int alive_keep(const char *run_dir, const char *data_dir);

/* At boot: what the partition knows, into memory. */
void alive_recall(int data_fd, int run_fd);

/* Tells on descriptor ALIVE_TOLD_FD, each second and for as long as someone listens, how those that were alive fare
 * (init/verdict.h). An exit status. */
enum { ALIVE_TOLD_FD = 3 };
int alive_watch(const char *run_dir);

#endif
