/* The public keys of those who may make updates for this board: UPDATE_KEYS of board.conf. */
#ifndef INIT_UPDATE_KEYS_H
#define INIT_UPDATE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/signature.h"

enum { UPDATE_KEYS_MAX = 4, UPDATE_KEY_HEX_LEN = 2 * SIGNATURE_PUBLIC_LEN };

/* Hexadecimal words, as `bundle key` prints them; how many there are, behind each other. One that is no key counts for none. */
size_t update_keys_parse(const char *words, size_t len, uint8_t keys[static UPDATE_KEYS_MAX * SIGNATURE_PUBLIC_LEN]);
size_t update_keys_of_board(uint8_t keys[static UPDATE_KEYS_MAX * SIGNATURE_PUBLIC_LEN]); /* board.conf is loaded */

/* One of them is the tree's own, whose private half everyone has. */
bool update_keys_are_for_tests(const uint8_t *keys, size_t count);

#endif
