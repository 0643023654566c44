/* Makes an update for an appliance (src/init/bundle.h), and the keys that sign it. For whoever makes the firmware; not on the appliance. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "crypto/key.h"
#include "init/bundle.h"

enum { MAKE_WORDS = 9, TRIES_MAX = 8 };

static bool read_key(const char *path, uint8_t key[static SIGNATURE_PRIVATE_LEN])
{
	char text[128];
	ssize_t len = file_read(AT_FDCWD, path, text, sizeof(text));
	uint8_t public_key[SIGNATURE_PUBLIC_LEN];
	bool right = len > 0 && !key_from_hex(text, strcspn(text, "\n"), key) && signature_public(public_key, key);

	wipe(text, sizeof(text));
	if (!right)
		(void)fprintf(stderr, "bundle: %s is no private key: %s\n", path, len < 0 ? strerror((int)-len) : "64 hexadecimal digits are");
	return right;
}

static int print_public(const uint8_t key[static SIGNATURE_PRIVATE_LEN])
{
	uint8_t public_key[SIGNATURE_PUBLIC_LEN];

	if (!signature_public(public_key, key))
		return 1;
	for (size_t i = 0; i < sizeof(public_key); i++)
		printf("%02x", public_key[i]);
	printf("\n");
	return 0;
}

static int make_key(const char *path)
{
	uint8_t key[SIGNATURE_PRIVATE_LEN], public_key[SIGNATURE_PUBLIC_LEN];
	char text[KEY_HEX_LEN + 1];
	int fd, tries = 0, status = 1;

	do {
		if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key) || tries++ == TRIES_MAX) {
			(void)fprintf(stderr, "bundle: no random numbers\n");
			return 1;
		}
	} while (!signature_public(public_key, key));
	key_to_hex(key, text);
	text[KEY_HEX_LEN - 1] = '\n';
	/* One that is there may have signed what is in the field. */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, KEY_HEX_LEN) != KEY_HEX_LEN || fsync(fd) < 0)
		(void)fprintf(stderr, "bundle: %s: %s\n", path, strerror(errno));
	else
		status = print_public(key);
	if (fd >= 0)
		close(fd);
	wipe(key, sizeof(key));
	wipe(text, sizeof(text));
	return status;
}

static const uint8_t *map(const char *path, uint64_t max, uint64_t *len, uint8_t hash[static SHA256_LEN])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	void *bytes = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &stat) == 0 && stat.st_size > 0 && (uint64_t)stat.st_size <= max)
		bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (bytes == MAP_FAILED) {
		(void)fprintf(stderr, "bundle: %s cannot be read, is empty, or longer than %llu bytes\n", path, (unsigned long long)max);
		return NULL;
	}
	*len = (uint64_t)stat.st_size;
	sha256(hash, bytes, (size_t)*len);
	return bytes;
}

/* rest: without the UKI, as it stands beside that on an ESP. */
static int make_bundle(char **words, bool rest)
{
	const char *out = words[0], *key_path = words[1], *uki_path = words[5], *sbom_path = words[6];
	uint8_t key[SIGNATURE_PRIVATE_LEN], header[BUNDLE_HEADER_LEN];
	struct bundle bundle = { 0 };
	const uint8_t *uki, *sbom;
	FILE *file;
	bool made;

	text_format(bundle.board, sizeof(bundle.board), "%s", words[2]);
	text_format(bundle.version, sizeof(bundle.version), "%s", words[3]);
	text_format(bundle.least, sizeof(bundle.least), "%s", words[4]);
	uki = map(uki_path, BUNDLE_UKI_MAX, &bundle.uki_len, bundle.uki_sha256);
	sbom = map(sbom_path, BUNDLE_SBOM_MAX, &bundle.sbom_len, bundle.sbom_sha256);
	if (!uki || !sbom || !read_key(key_path, key))
		return 1;
	made = bundle_make(header, &bundle, key);
	wipe(key, sizeof(key));
	if (!made) {
		(void)fprintf(stderr, "bundle: \"%s\", \"%s\": no version, or \"%s\" no board's name\n", words[3], words[4], words[2]);
		return 1;
	}
	file = fopen(out, "wb");
	if (!file) {
		(void)fprintf(stderr, "bundle: %s: %s\n", out, strerror(errno));
		return 1;
	}
	made = fwrite(header, sizeof(header), 1, file) == 1 && (rest || fwrite(uki, (size_t)bundle.uki_len, 1, file) == 1) &&
	       fwrite(sbom, (size_t)bundle.sbom_len, 1, file) == 1;
	if (fclose(file) != 0 || !made) {
		(void)fprintf(stderr, "bundle: %s: %s\n", out, strerror(errno));
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint8_t key[SIGNATURE_PRIVATE_LEN];

	if (argc == 3 && !strcmp(argv[1], "key"))
		return make_key(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "public"))
		return read_key(argv[2], key) ? print_public(key) : 1;
	if (argc == MAKE_WORDS && !strcmp(argv[1], "make"))
		return make_bundle(argv + 2, false);
	if (argc == MAKE_WORDS && !strcmp(argv[1], "rest"))
		return make_bundle(argv + 2, true);
	(void)fprintf(stderr, "usage: bundle key FILE                a new private key; prints the public one, for UPDATE_KEYS in board.conf\n"
			      "       bundle public FILE             the public key again\n"
			      "       bundle make OUT KEY BOARD VERSION LEAST UKI SBOM\n"
			      "       bundle rest OUT KEY BOARD VERSION LEAST UKI SBOM   the same without the UKI, for an ESP\n");
	return 2;
}
