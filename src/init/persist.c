#include "init/persist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/locate.h"
#include "init/mend.h"
#include "init/partition.h"
#include "init/superblock.h"

enum { WORTH_GROWING_BYTES = 1 << 20 };

/* From the best that can be had to the least: the files serve when they can be read at all. MS_NOATIME: reading a file would
 * write to the disk, and wait for one that hangs. */
static const struct {
	unsigned long flags;
	const char *options;
	const char *words; /* NULL: all is well */
} ways[] = {
	{ MS_NOATIME, "errors=remount-ro", NULL },
	{ MS_NOATIME | MS_RDONLY, "errors=remount-ro",
	  "is write-protected or could not be mended: mounted read-only, nothing can be kept" },
	{ MS_NOATIME | MS_RDONLY, "errors=remount-ro,noload",
	  "was not unmounted cleanly and cannot be written to: mounted read-only without its journal; what was written last may "
	  "be missing, and nothing can be kept" },
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]), WAY_READ_ONLY = 1 };

/* Which of ways did it, from first on, or -errno. */
static int mount_some_way(const char *path, int first)
{
	int err = 0;

	if (mkdir(DATA_DIR, 0700) < 0 && errno != EEXIST)
		return -errno;
	for (int i = first; i < WAYS; i++) {
		if (mount(path, DATA_DIR, "ext4", MS_NODEV | MS_NOSUID | MS_NOEXEC | ways[i].flags, ways[i].options) == 0)
			return i;
		err = -errno;
	}
	/* An empty directory would look like an instance without a cluster. */
	rmdir(DATA_DIR);
	return err;
}

static void sweep(void)
{
	int fd = open(DATA_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	file_sweep(fd);
	close(fd);
}

/* What an image without an operator's files has: what they may hold, as comments. */
static void copy_defaults(void)
{
	int from = open(DEFAULTS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int to = open(DATA_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = from < 0 ? NULL : fdopendir(from);
	struct dirent *entry;
	char text[4096];

	while (dir && to >= 0 && (entry = readdir(dir)) != NULL) {
		ssize_t n = entry->d_type == DT_REG ? file_read(from, entry->d_name, text, sizeof(text)) : 0;
		int err = n > 0 ? file_replace(to, entry->d_name, text, (size_t)n, 0644) : (int)n;

		if (err < 0)
			log_err("%s was not made: %s", entry->d_name, strerror(-err));
	}
	if (dir)
		closedir(dir);
	if (to >= 0)
		close(to);
}

/* As `format data` leaves it. */
static bool is_empty(void)
{
	DIR *dir = opendir(DATA_DIR);
	struct dirent *entry;
	bool empty = dir != NULL;

	while (dir && (entry = readdir(dir)) != NULL)
		empty = empty && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || !strcmp(entry->d_name, "lost+found"));
	if (dir)
		closedir(dir);
	return empty;
}

/* What was found. */
struct place {
	char name[LOCATE_NAME_LEN], path[64];
	bool is_named;  /* as a partition; else it has but the label */
	bool protected; /* against writes */
	bool is_new;    /* there is no file system */
	bool begun;     /* one was being made */
	bool was_begun; /* and then another firmware made one, which was used: the mark is no more than left over */
	int blank;      /* of what is new, as partition_is_blank has it */
	uint8_t block[SUPERBLOCK_LEN];
};

static void look_at(struct place *place, const char *label)
{
	bool marked;

	text_format(place->path, sizeof(place->path), "/dev/%s", place->name);
	place->is_named = locate_has_name(place->name, label);
	place->protected = mend_is_barred(place->path);
	place->is_new = !locate_superblock(place->name, place->block);
	marked = place->is_named && partition_is_begun(place->name);
	place->was_begun = marked && !place->is_new && !superblock_is_given_up(place->block) && superblock_is_used(place->block);
	place->begun = marked && !place->was_begun;
	place->is_new = place->is_new || place->begun;
	place->blank = place->is_new ? partition_is_blank(place->path) : 0;
}

static bool may_be_made(const struct place *place)
{
	return place->is_new && !place->protected && (place->begun ? place->blank >= 0 : place->blank > 0);
}

/* A partition by its name that holds no file system of ours. The mark in front, and gone behind: what is cut off in between is
 * done again. */
static int make(const struct place *place, const char *label, char *words, size_t cap)
{
	const char *path = place->path;
	int err;

	if (place->protected) {
		text_format(words, cap, "%s is write-protected and holds no ext4 file system: make it writable, then `reboot`", path);
		return -EROFS;
	}
	if (place->blank < 0) {
		text_format(words, cap, "%s cannot be read: %s: nothing was changed on it; `reboot` tries again", path, strerror(-place->blank));
		return place->blank;
	}
	if (!may_be_made(place)) {
		text_format(words, cap, "%s holds something that is no ext4 file system: nothing was changed on it; `format data` makes it "
			    "anew", path);
		return -EMEDIUMTYPE;
	}
	log_err("%s %s: a file system is made on it", path, place->begun ? "was not made to its end" : "holds nothing");
	err = partition_set_begun(place->name, true);
	if (err < 0) {
		text_format(words, cap, "the partition table of %s cannot be written (%s): nothing is made there", path, strerror(-err));
		return err;
	}
	err = partition_make(path, label);
	if (!err && (err = partition_set_begun(place->name, false)) < 0)
		text_format(words, cap, "the partition table of %s cannot be written (%s): `reboot` makes the file system anew", path,
			    strerror(-err));
	else if (!err)
		log_err("%s has no configuration yet: `key new` and `write FILE` make one, `import` brings another box's", path);
	else
		text_format(words, cap, "no file system can be made on %s (%llu MiB): it needs 8 MiB or more, on a disk that is sound", path,
			    (unsigned long long)(partition_bytes(path) >> 20));
	return err;
}

/* Its disk may be larger than what was written on it. */
static int grow(const char *name, const char *path, uint64_t max_bytes, bool (*may_change)(void), char *words, size_t cap)
{
	int err = partition_grow(name, max_bytes, may_change, words, cap);

	if (err < 0 && err != -ECANCELED)
		log_err("the partition table of %s cannot be put right: %s", path, strerror(-err));
	return err == -ECANCELED ? err : 0;
}

/* What cannot grow may take the file system along: ext4 shuts it down when its journal cannot be written, and then opens no file.
 * It is mounted anew, as large as it was, before anyone reads the files. Which of ways, or -errno. */
static int fill(struct place *place, bool (*may_change)(void), char *words, size_t cap)
{
	int first = 0;

	if (!partition_fill(place->path, may_change))
		return 0;
	if (umount(DATA_DIR) < 0)
		return -errno;
	if (!locate_superblock(place->name, place->block) || !superblock_is_clean(place->block))
		first = mend(place->path, words, cap) ? 0 : WAY_READ_ONLY;
	return mount_some_way(place->path, first);
}

/* A medium that brings no partition, as a CD, or a box whose disk is gone: what is written or imported at the console serves for
 * as long as the machine runs. */
static int mount_memory(const char *label, char *words, size_t cap)
{
	int err;

	text_format(words, cap, "no partition or disk is named or labelled %s: the files are IN MEMORY and gone after a reboot; "
		    "`install` puts the system on a disk", label);
	if (mkdir(DATA_DIR, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (mount("tmpfs", DATA_DIR, "tmpfs", MS_NODEV | MS_NOSUID | MS_NOEXEC, "mode=700,size=16m") < 0) {
		err = -errno;
		rmdir(DATA_DIR);
		return err;
	}
	log_err("%s", words);
	copy_defaults();
	return 0;
}

int persist_mount(const char *label, uint64_t max_bytes, bool (*may_change)(void), char *words, size_t cap)
{
	struct place place;
	char grown[96] = "";
	const char *path = place.path;
	size_t count = locate_in_time(label, place.name);
	bool protected, is_new, is_clean, sound = true, unmarked = true, tried;
	int way, err = 0;

	if (!count)
		return mount_memory(label, words, cap);
	if (count > 1)
		log_err("%zu file systems are named or labelled %s: %s is taken", count, label, place.name);
	look_at(&place, label);
	text_format(words, cap, "%s", path);
	protected = place.protected;
	is_new = place.is_new;
	if (!is_new && superblock_is_given_up(place.block)) {
		text_format(words, cap, "`reset all` was cut off on %s: do it again", path);
		return -EUCLEAN;
	}
	is_clean = !is_new && superblock_is_clean(place.block);
	if (!protected && place.is_named && (!is_new || may_be_made(&place)))
		err = grow(place.name, path, max_bytes, may_change, grown, sizeof(grown));
	if (!err && !protected && (is_new ? may_be_made(&place) : !is_clean || place.was_begun) && !may_change())
		err = -ECANCELED;
	if (err < 0)
		return err;
	/* Nothing is written where the mark stays: whoever finds no superblock behind it makes the file system anew. */
	if (place.was_begun && !protected && (err = partition_set_begun(place.name, false)) < 0) {
		log_err("the partition table of %s cannot be written (%s): it is read-only", path, strerror(-err));
		unmarked = false;
		err = 0;
	}
	if (is_new)
		err = make(&place, label, words, cap);
	else if (!protected && unmarked && !is_clean)
		sound = mend(path, words, cap);
	if (err < 0)
		return err;
	tried = !is_new && !protected && !is_clean;
	way = mount_some_way(path, sound && unmarked && !protected ? 0 : WAY_READ_ONLY);
	/* It was clean by its own word, and yet is not: a copy of its superblock may serve. */
	if (way < 0 && !protected && unmarked && is_clean && may_change()) {
		sound = mend(path, words, cap);
		way = mount_some_way(path, sound ? 0 : WAY_READ_ONLY);
		tried = true;
	}
	if (way < 0 && (tried || is_new))
		text_format(words, cap, "%s cannot be mounted and not be mended: `format data` makes it anew", path);
	else if (way < 0 && protected)
		text_format(words, cap, "%s cannot be mounted (%s), and is write-protected: make it writable, then `reboot` mends it", path,
			    strerror(-way));
	else if (way < 0)
		text_format(words, cap, "%s cannot be mounted (%s), and recovery mends nothing: `reboot` does", path, strerror(-way));
	if (way < 0)
		return way;
	if (way < WAY_READ_ONLY && !is_new && partition_bytes(path) >= superblock_bytes(place.block) + WORTH_GROWING_BYTES)
		way = fill(&place, may_change, words, cap);
	if (way < 0) {
		text_format(words, cap, "%s cannot be mounted again (%s), after it could not be grown: `reboot`", path, strerror(-way));
		return way;
	}
	if (ways[way].words) {
		text_format(words, cap, "%s %s", path, ways[way].words);
		log_err("%s", words);
		return 0;
	}
	sweep();
	if (is_new || is_empty())
		copy_defaults();
	if (is_new)
		text_format(words, cap, "%s made anew", path);
	text_format(words + strlen(words), cap - strlen(words), "%s", grown);
	return 0;
}

void persist_look(const char *label, char *words, size_t cap)
{
	struct place place;

	if (!locate_in_time(label, place.name)) {
		text_format(words, cap, "recovery: no partition or disk is named or labelled %s", label);
		return;
	}
	look_at(&place, label);
	text_format(words, cap, "recovery: %s is left alone%s", place.path,
		    place.begun ? "; its file system was not made to its end" :
		    place.is_new ? "; it holds no ext4 file system" :
		    superblock_is_clean(place.block) ? "" : "; it was not unmounted cleanly");
}

int persist_unmount(void)
{
	sync();
	if (umount(DATA_DIR) == 0 || errno != EBUSY)
		return 0;
	return mount(NULL, DATA_DIR, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0 ? 1 : PERSIST_READ_ONLY;
}
