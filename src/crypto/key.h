/* 32-byte keys: base64 as wg(8) writes it, hex as its UAPI does, comparison and clearing that tell nothing. */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_LEN = 32, KEY_BASE64_LEN = 45, KEY_HEX_LEN = 65 }; /* texts with NUL, base64 with '=' */

/* RFC 4648 4, exactly 44 characters, padding bits zero. 0 or -EINVAL; time depends on the length alone. */
int key_from_base64(const char *text, size_t len, uint8_t key[static KEY_LEN]);
void key_to_base64(const uint8_t key[static KEY_LEN], char text[static KEY_BASE64_LEN]);
/* 64 hexadecimal digits, likewise; written in lower case. */
int key_from_hex(const char *text, size_t len, uint8_t key[static KEY_LEN]);
void key_to_hex(const uint8_t key[static KEY_LEN], char text[static KEY_HEX_LEN]);

bool ct_equal(const void *a, const void *b, size_t len);
bool key_is_zero(const uint8_t key[static KEY_LEN]); /* constant time */
void wipe(void *p, size_t len);                      /* not removed by the compiler */
/* The frames of calls that came back, below the caller's: what the compiler or BearSSL kept there of a secret. */
void wipe_stack(void);

#endif
