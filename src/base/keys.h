/* What a terminal sends, byte for byte, as edits of a line. */
#ifndef BASE_KEYS_H
#define BASE_KEYS_H

#include <stdint.h>

#include "base/line.h"

/* Any line: both Backspaces (^H and DEL), Ctrl-U and Ctrl-W erase; other control characters, NUL (a BREAK) and escape sequences
 * are swallowed. Bytes that are no UTF-8 are kept: who reads the text says what is wrong with it. One that is edited: arrows,
 * Home, End and Delete as well, ^A ^E ^K ^L ^R, Ctrl-D erases where there is something, ? and Tab ask, bytes that are no UTF-8
 * are swallowed too. */
enum line_event keys_feed(struct line *line, uint8_t byte);

/* Asks the terminal for its size. The answer comes as a key does, if it comes, and is in columns and rows then. */
void keys_ask_size(struct line *line);

#endif
