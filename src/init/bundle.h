/* update.bundle, an update as one file: a header that is signed, the UKI, its bill of materials (SBOM), nothing behind them. Pure.
 *
 *   0  "MITIGATOR UPDATE"    136  bytes of the SBOM, 64 bits
 *  16  format, 32 bits: 1    144  SHA-256 of the UKI
 *  20  0                     176  SHA-256 of the SBOM
 *  24  version, 40 bytes     208  0
 *  64  least version, 40     256  ECDSA P-256 signature of the 256 bytes before
 * 104  board, 24 bytes       320  the UKI, behind it the SBOM
 * 128  bytes of the UKI, 64 bits
 *
 * Numbers are little-endian, texts ASCII with zeros up to their end. What an older firmware is to refuse gets another format; a
 * place that is 0 is to be 0. */
#ifndef INIT_BUNDLE_H
#define INIT_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/signature.h"
#include "init/slot_name.h"

enum {
	BUNDLE_FORMAT = 1,
	BUNDLE_SIGNED_LEN = 256,
	BUNDLE_HEADER_LEN = BUNDLE_SIGNED_LEN + SIGNATURE_LEN,
	BUNDLE_BOARD_LEN = 24,
	BUNDLE_UKI_MAX = 256 << 20,
	BUNDLE_SBOM_MAX = 16 << 20,
	BUNDLE_WORDS_LEN = 240,
};

struct bundle {
	char version[SLOT_VERSION_LEN], least[SLOT_VERSION_LEN]; /* it replaces that version and newer ones */
	char board[BUNDLE_BOARD_LEN];
	uint64_t uki_len, sbom_len;
	uint8_t uki_sha256[SHA256_LEN], sbom_sha256[SHA256_LEN];
};

enum bundle_verdict {
	BUNDLE_OK,
	BUNDLE_NONE,       /* something else */
	BUNDLE_NEWER,      /* of a format that is not known here */
	BUNDLE_BROKEN,     /* no one made it so */
	BUNDLE_NOT_SIGNED, /* by none of the keys */
};

/* keys: count public keys behind each other. Nothing is in bundle but after BUNDLE_OK: what is not signed is anyone's text. */
enum bundle_verdict bundle_read(const uint8_t header[static BUNDLE_HEADER_LEN], const uint8_t *keys, size_t count,
				struct bundle *bundle);
uint64_t bundle_len(const struct bundle *bundle); /* of the whole file */

/* May it take the place of what runs? False: the words say why not. */
bool bundle_fits(const struct bundle *bundle, const char *board, const char *running, bool may_be_older,
		 char words[static BUNDLE_WORDS_LEN]);

/* For who makes one: false when that cannot be said in a header, or the key is none. */
bool bundle_make(uint8_t header[static BUNDLE_HEADER_LEN], const struct bundle *bundle,
		 const uint8_t private_key[static SIGNATURE_PRIVATE_LEN]);

#endif
