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
	GPT_GUID_LEN = 16,
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

/* The first partition of a name (ASCII), 0 when there is none. */
unsigned gpt_find(const struct gpt *gpt, const char *name);

/* Its unique GUID, NULL when there is no such partition. Borrowed. */
const uint8_t *gpt_guid(const struct gpt *gpt, unsigned number);

/* Its name as ASCII, '?' for the rest. */
void gpt_name(const struct gpt *gpt, unsigned number, char *dst, size_t cap);

/* A mark of ours on a partition: one of the attributes that are its type's (UEFI 2.10, 5.3.3). */
bool gpt_is_marked(const struct gpt *gpt, unsigned number);
bool gpt_mark(struct gpt *gpt, unsigned number, bool marked); /* false: it is so already, or there is no such partition */

enum gpt_type { GPT_ESP, GPT_LINUX };
bool gpt_is(const struct gpt *gpt, unsigned number, enum gpt_type type);

/* An empty table for a disk whose blocks and block_len are set. */
void gpt_make(struct gpt *gpt, const uint8_t guid[static GPT_GUID_LEN]);
void gpt_set(struct gpt *gpt, unsigned number, enum gpt_type type, const uint8_t guid[static GPT_GUID_LEN], uint64_t first,
	     uint64_t last, const char *name);
/* One partition stays, with another number, and all others go. */
void gpt_keep(struct gpt *gpt, unsigned number, unsigned as);

/* The boot record of a disk that has nothing but such a table (UEFI 2.10, 5.2.3): 0 or -errno. Before gpt_write, which puts
 * the disk's size in. */
int gpt_protect(int fd);

/* Writes both copies, the backup first and at the disk's end: whenever the power goes, one of them is whole. 0 or -errno. */
int gpt_write(struct gpt *gpt, int fd);

#endif
