/* The lengths of ChaCha20-Poly1305 (RFC 8439 2.8). */
#ifndef CRYPTO_AEAD_LEN_H
#define CRYPTO_AEAD_LEN_H

enum { AEAD_KEY_LEN = 32, AEAD_NONCE_LEN = 12, AEAD_TAG_LEN = 16 };

#endif
