/* Text as a terminal shows it: bytes that come in, cut into what takes one column each. */
#ifndef BASE_CHARACTER_H
#define BASE_CHARACTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHARACTER_MAX = 4 };

/* RFC 3629 3: how many bytes follow this first one; 0 for what is none. */
unsigned character_follow(uint8_t byte);
bool character_is_continuation(char byte);

/* Bytes of the character that begins at from, which is below len. One that is cut short, or that is none, counts too. */
size_t character_len(const char *bytes, size_t from, size_t len);

/* Where the character begins that ends at to, which is above 0. */
size_t character_before(const char *bytes, size_t to);

/* How many there are from one place to another. */
size_t character_count(const char *bytes, size_t from, size_t to);

/* What to show for it: itself, a blank for a tab, ? for what is no character or may steer a terminal. */
struct character {
	char bytes[CHARACTER_MAX];
	size_t len;
};
struct character character_shown(const char *bytes, size_t len);

#endif
