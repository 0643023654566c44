/* The persistent partition made fit: as large as its disk allows, and with a file system. */
#ifndef INIT_PARTITION_H
#define INIT_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a block device, 0 when it cannot be read. */
uint64_t partition_bytes(const char *path);

/* 1 when it holds nothing: zeros at both ends, where every file system, RAID and volume manager has its mark; 0, or -errno. */
int partition_is_blank(const char *path);

/* Grows a partition (its name in /sys/class/block) of a GPT disk into what is free behind it, up to max_bytes, and puts
 * right a copy of the table that is damaged, or is not at the end of a disk that became larger. words is added to. 0, also
 * when there is nothing to do or no such table, -ECANCELED when may_change says so, or -errno. */
int partition_grow(const char *name, uint64_t max_bytes, bool (*may_change)(void), char *words, size_t cap);

/* The mark in the partition table behind which a power cut, or a disk that fails, may leave anything: a file system is being made
 * on that partition. Gone before one is mounted, so no file was ever on it. */
bool partition_is_begun(const char *name);
/* 0, also for what is no partition of a GPT disk, or -errno: then no file system is to be made, or mounted. */
int partition_set_begun(const char *name, bool begun);

/* mke2fs for an ext4 file system with that label. */
enum { PARTITION_MAKE_WORDS = 12 };
void partition_make_words(const char *argv[static PARTITION_MAKE_WORDS], const char *path, const char *label);

/* By that, from PID 1: 0 or -errno. Behind partition_set_begun. */
int partition_make(const char *path, const char *label);

/* Makes the mounted file system as large as its device, if may_change says so, in a process that tells the log how it went: 0, also
 * when it takes long and goes on, or was not begun; -EIO: it could not be, and the kernel may have shut the file system down. */
int partition_fill(const char *path, bool (*may_change)(void));

#endif
