#include "init/bundle.h"

#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

enum {
	FORMAT_AT = 16,
	FLAGS_AT = 20,
	VERSION_AT = 24,
	LEAST_AT = 64,
	BOARD_AT = 104,
	UKI_LEN_AT = 128,
	SBOM_LEN_AT = 136,
	UKI_SHA256_AT = 144,
	SBOM_SHA256_AT = 176,
	ZEROS_AT = 208,
};

static const char magic[FORMAT_AT] = { 'M', 'I', 'T', 'I', 'G', 'A', 'T', 'O', 'R', ' ', 'U', 'P', 'D', 'A', 'T', 'E' };

static bool are_zeros(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Printable, no blank, at least one, and nothing behind its end. */
static bool read_text(const uint8_t *bytes, char *dst, size_t len)
{
	size_t end = 0;

	while (end < len && bytes[end] > ' ' && bytes[end] < 0x7f)
		end++;
	if (!end || end == len || !are_zeros(bytes + end, len - end))
		return false;
	memcpy(dst, bytes, len);
	return true;
}

static enum bundle_verdict parse(const uint8_t header[static BUNDLE_HEADER_LEN], struct bundle *bundle)
{
	if (memcmp(header, magic, sizeof(magic)) != 0)
		return BUNDLE_NONE;
	if (load_le32(header + FORMAT_AT) != BUNDLE_FORMAT)
		return BUNDLE_NEWER;
	bundle->uki_len = load_le64(header + UKI_LEN_AT);
	bundle->sbom_len = load_le64(header + SBOM_LEN_AT);
	memcpy(bundle->uki_sha256, header + UKI_SHA256_AT, SHA256_LEN);
	memcpy(bundle->sbom_sha256, header + SBOM_SHA256_AT, SHA256_LEN);
	if (!read_text(header + VERSION_AT, bundle->version, sizeof(bundle->version)) || !slot_is_version(bundle->version) ||
	    !read_text(header + LEAST_AT, bundle->least, sizeof(bundle->least)) || !slot_is_version(bundle->least) ||
	    !read_text(header + BOARD_AT, bundle->board, sizeof(bundle->board)) || !are_zeros(header + FLAGS_AT, VERSION_AT - FLAGS_AT) ||
	    !are_zeros(header + ZEROS_AT, BUNDLE_SIGNED_LEN - ZEROS_AT) || !bundle->uki_len ||
	    bundle->uki_len > BUNDLE_UKI_MAX || bundle->sbom_len > BUNDLE_SBOM_MAX)
		return BUNDLE_BROKEN;
	return BUNDLE_OK;
}

static bool is_signed(const uint8_t header[static BUNDLE_HEADER_LEN], const uint8_t *keys, size_t count)
{
	uint8_t hash[SHA256_LEN];

	sha256(hash, header, BUNDLE_SIGNED_LEN);
	for (size_t i = 0; i < count; i++)
		if (signature_verify(header + BUNDLE_SIGNED_LEN, keys + i * SIGNATURE_PUBLIC_LEN, hash))
			return true;
	return false;
}

enum bundle_verdict bundle_read(const uint8_t header[static BUNDLE_HEADER_LEN], const uint8_t *keys, size_t count,
				struct bundle *bundle)
{
	struct bundle parsed = { 0 };
	enum bundle_verdict verdict = parse(header, &parsed);

	/* Where another format has its signature is not known here. */
	if ((verdict == BUNDLE_OK || verdict == BUNDLE_BROKEN) && !is_signed(header, keys, count))
		verdict = BUNDLE_NOT_SIGNED;
	*bundle = verdict == BUNDLE_OK ? parsed : (struct bundle){ 0 };
	return verdict;
}

uint64_t bundle_len(const struct bundle *bundle)
{
	return BUNDLE_HEADER_LEN + bundle->uki_len + bundle->sbom_len;
}

bool bundle_fits(const struct bundle *bundle, const char *board, const char *running, bool may_be_older,
		 char words[static BUNDLE_WORDS_LEN])
{
	int order = slot_compare_versions(bundle->version, running);

	words[0] = '\0';
	if (strcmp(bundle->board, board) != 0)
		text_format(words, BUNDLE_WORDS_LEN, "it is for the board %s, and this is %s", bundle->board, board);
	else if (slot_compare_versions(running, bundle->least) < 0)
		text_format(words, BUNDLE_WORDS_LEN, "it replaces %s and newer, and this is %s: update to one in between first", bundle->least,
			    running);
	else if (!order)
		text_format(words, BUNDLE_WORDS_LEN, "it is %s, which runs", running);
	else if (order < 0 && !may_be_older)
		text_format(words, BUNDLE_WORDS_LEN, "it is %s, older than %s, which runs: `downgrade` behind it if that is meant",
			    bundle->version, running);
	else if (order > 0 && may_be_older)
		text_format(words, BUNDLE_WORDS_LEN, "it is %s, newer than %s, which runs: no `downgrade`", bundle->version, running);
	return !words[0];
}

static bool write_text(uint8_t *at, const char *text, size_t len)
{
	if (strlen(text) >= len)
		return false;
	text_format((char *)at, len, "%s", text);
	return true;
}

bool bundle_make(uint8_t header[static BUNDLE_HEADER_LEN], const struct bundle *bundle,
		 const uint8_t private_key[static SIGNATURE_PRIVATE_LEN])
{
	uint8_t hash[SHA256_LEN];
	struct bundle again = { 0 };

	memset(header, 0, BUNDLE_HEADER_LEN);
	memcpy(header, magic, sizeof(magic));
	store_le32(header + FORMAT_AT, BUNDLE_FORMAT);
	if (!write_text(header + VERSION_AT, bundle->version, sizeof(bundle->version)) ||
	    !write_text(header + LEAST_AT, bundle->least, sizeof(bundle->least)) ||
	    !write_text(header + BOARD_AT, bundle->board, sizeof(bundle->board)))
		return false;
	store_le64(header + UKI_LEN_AT, bundle->uki_len);
	store_le64(header + SBOM_LEN_AT, bundle->sbom_len);
	memcpy(header + UKI_SHA256_AT, bundle->uki_sha256, SHA256_LEN);
	memcpy(header + SBOM_SHA256_AT, bundle->sbom_sha256, SHA256_LEN);
	sha256(hash, header, BUNDLE_SIGNED_LEN);
	return parse(header, &again) == BUNDLE_OK && signature_make(header + BUNDLE_SIGNED_LEN, private_key, hash);
}
