/* The partition table of a disk (UEFI 2.10, chapter 5): read from whichever of its two copies is whole, and put right. */
#ifndef INIT_GPT_H
#define INIT_GPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GPT_ENTRIES = 128,
	GPT_ENTRY_LEN = 128,
	GPT_HEADER_LEN = 92,
	GPT_BLOCK_MAX = 4096,
};

struct gpt {
	uint64_t blocks;    /* of the disk */
	uint32_t block_len; /* bytes of one */
	bool primary_whole, backup_whole; /* as read; a backup that is not at the disk's end is not whole */
	uint8_t header[GPT_HEADER_LEN];   /* the primary's, or made of the backup's */
	uint8_t entries[GPT_ENTRIES * GPT_ENTRY_LEN];
};

struct gpt_partition {
	uint64_t first, last; /* blocks, the last one included */
};

/* 0, -ENOMEDIUM when there is no table, -EUCLEAN when neither copy is whole, -ENOTSUP for one of another shape. */
int gpt_read(struct gpt *gpt, int fd, uint64_t blocks, uint32_t block_len);

/* number counts from 1, as in sda1. False when there is no such partition. */
bool gpt_partition(const struct gpt *gpt, unsigned number, struct gpt_partition *partition);

/* Makes a partition as large as what is free behind it allows, up to max blocks: true when it grew. Never moves its start,
 * never makes it smaller. */
bool gpt_grow(struct gpt *gpt, unsigned number, uint64_t max);

/* Writes both copies, the backup first and at the disk's end: whenever the power goes, one of them is whole. 0 or -errno. */
int gpt_write(struct gpt *gpt, int fd);

#endif
