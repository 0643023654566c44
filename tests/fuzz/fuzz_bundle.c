/* The header of an update, and the names of files on an ESP, as anyone may write them. The first byte says which; headers are signed
 * here, so that what stands behind the signature is reached too. */
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "init/bundle.h"
#include "init/slot_name.h"
#include "init/update_keys.h"

static const uint8_t private_key[SIGNATURE_PRIVATE_LEN] = { [SIGNATURE_PRIVATE_LEN - 1] = 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void header(const uint8_t *data, size_t size, bool sign)
{
	uint8_t keys[SIGNATURE_PUBLIC_LEN], hash[SHA256_LEN], *bytes = calloc(1, BUNDLE_HEADER_LEN), again[BUNDLE_HEADER_LEN];
	char words[BUNDLE_WORDS_LEN];
	struct bundle bundle;

	if (!bytes || !signature_public(keys, private_key))
		abort();
	memcpy(bytes, data, size < BUNDLE_HEADER_LEN ? size : BUNDLE_HEADER_LEN);
	sha256(hash, bytes, BUNDLE_SIGNED_LEN);
	if (sign && !signature_make(bytes + BUNDLE_SIGNED_LEN, private_key, hash))
		abort();
	if (bundle_read(bytes, keys, 1, &bundle) == BUNDLE_OK) {
		/* What is taken is what is written, byte for byte. */
		if (!sign || !bundle_make(again, &bundle, private_key) || memcmp(again, bytes, sizeof(again)) != 0 ||
		    bundle_len(&bundle) <= BUNDLE_HEADER_LEN)
			abort();
		(void)bundle_fits(&bundle, "pc", "0.1.0", size % 2, words);
	} else if (bundle.version[0] || bundle.uki_len) {
		abort();
	}
	free(bytes);
}

static void name(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), written[SLOT_NAME_LEN];
	uint8_t keys[UPDATE_KEYS_MAX * SIGNATURE_PUBLIC_LEN];
	struct slot slot, again;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (slot_name_parse(text, &slot)) {
		slot_name(&slot, written);
		if (!slot_name_parse(written, &again) || strcmp(slot.version, again.version) != 0 || slot.counted != again.counted ||
		    slot.left != again.left || slot.done != again.done || slot_compare_versions(slot.version, again.version))
			abort();
	}
	free(text);
	text = exact_copy(data, size);
	if (update_keys_parse(text, size, keys) > UPDATE_KEYS_MAX)
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] % 2)
		header(data + 1, size - 1, data[0] & 2);
	else
		name(data + 1, size - 1);
	return 0;
}
