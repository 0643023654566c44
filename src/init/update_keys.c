#include "init/update_keys.h"

#include <string.h>

#include "base/text.h"
#include "crypto/key.h"
#include "init/board.h"

enum { UNCOMPRESSED = 4, PREFIX_LEN = 2 };

static const char development[] = "04003cd088294c8602207b5cb3a0607cc38b9c7fdf20a0a76fbbd354459b14c37f"
				  "0ad63feb249f6327c0dcbd90f70e130f3329210308bac73eef0ddae982f383b2";

static bool key_parse(struct slice word, uint8_t key[static SIGNATURE_PUBLIC_LEN])
{
	const size_t half = (size_t)2 * KEY_LEN;

	if (word.len != UPDATE_KEY_HEX_LEN || !slice_starts(word, "04"))
		return false;
	key[0] = UNCOMPRESSED;
	return !key_from_hex(word.ptr + PREFIX_LEN, half, key + 1) &&
	       !key_from_hex(word.ptr + PREFIX_LEN + half, half, key + 1 + KEY_LEN);
}

size_t update_keys_parse(const char *words, size_t len, uint8_t keys[static UPDATE_KEYS_MAX * SIGNATURE_PUBLIC_LEN])
{
	struct slice rest = { words, len }, word;
	size_t count = 0;

	while (count < UPDATE_KEYS_MAX && slice_word(&rest, &word))
		count += key_parse(word, keys + count * SIGNATURE_PUBLIC_LEN);
	return count;
}

size_t update_keys_of_board(uint8_t keys[static UPDATE_KEYS_MAX * SIGNATURE_PUBLIC_LEN])
{
	struct slice words = board_value("UPDATE_KEYS");

	return update_keys_parse(words.ptr, words.len, keys);
}

bool update_keys_are_for_tests(const uint8_t *keys, size_t count)
{
	uint8_t key[SIGNATURE_PUBLIC_LEN];

	if (!key_parse(slice_of(development), key))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!memcmp(keys + i * SIGNATURE_PUBLIC_LEN, key, sizeof(key)))
			return true;
	return false;
}
