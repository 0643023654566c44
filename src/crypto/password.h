/* What a password is known by: Argon2id as libsodium's crypto_pwhash makes it, with its salt and parameters in the text. */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

enum { PASSWORD_MAX = 128, PASSWORD_HASH_LEN = 128 }; /* bytes; a text with its NUL */

/* Both take 16 MiB while they run. 0 or -errno. */
int password_hash(const char *password, size_t len, char hash[static PASSWORD_HASH_LEN]);
/* 0: it is that one; -EACCES: another; -EBADMSG: the text is no hash; or -errno, -ENOMEM above all. */
int password_verify(const char *text, const char *password, size_t len);

/* A text of a file is such a hash, and none that would take this machine's memory or an hour. */
bool password_is_hash(const char *text);

#endif
