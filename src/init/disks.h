/* The disks of the machine: what each is, and what is on it. Nothing here writes. */
#ifndef INIT_DISKS_H
#define INIT_DISKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "init/gpt.h"

enum { DISK_NAME_LEN = 32, DISK_TEXT_LEN = 80, DISKS_MAX = 64 };

struct disk {
	char name[DISK_NAME_LEN];   /* as in /sys/block */
	char model[DISK_TEXT_LEN];  /* "" where it has none */
	char serial[DISK_TEXT_LEN]; /* the same */
	uint64_t bytes;
	uint32_t block_len;
	bool read_only, is_cd;
};

/* All with a medium in, CDs too, by name; how many. */
size_t disks_find(struct disk disks[static DISKS_MAX]);

/* Its partition table, as gpt_read. */
int disk_read_table(const struct disk *disk, struct gpt *gpt);

/* What is on it in lines of their own, for a person. */
void disk_print_content(const struct disk *disk);

/* A file system with that label right on the disk, without a table. */
bool disk_is_file_system(const struct disk *disk, const char *label);

#endif
