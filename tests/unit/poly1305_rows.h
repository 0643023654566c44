/* What Poly1305 is to say where it carries farthest. */
#ifndef POLY1305_ROWS_H
#define POLY1305_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* RFC 8439 A.3, 7 to 13 without 12's short blocks: r, s, message, tag; missing bytes are zero. */
static const struct {
	uint8_t r[16], s[16];
	uint8_t message[64];
	size_t len;
	uint8_t tag[16];
} rows[] = {
#define FF4 0xff, 0xff, 0xff, 0xff
#define FF16 FF4, FF4, FF4, FF4
#define FE5 0xfe, 0xfe, 0xfe, 0xfe, 0xfe
	{ { 2 }, { 0 }, { FF16 }, 16, { 3 } },
	{ { 2 }, { FF16 }, { 2 }, 16, { 3 } },
	{ { 1 }, { 0 }, { FF16, 0xf0, 0xff, 0xff, 0xff, FF4, FF4, FF4, 0x11 }, 48, { 5 } },
	{ { 1 }, { 0 }, { FF16, 0xfb, FE5, FE5, FE5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 48, { 0 } },
	{ { 2 }, { 0 }, { 0xfd, 0xff, 0xff, 0xff, FF4, FF4, FF4 }, 16, { 0xfa, 0xff, 0xff, 0xff, FF4, FF4, FF4 } },
	{ { 1, [8] = 4 },
	  { 0 },
	  { 0xe3, 0x35, 0x94, 0xd7, 0x50, 0x5e, 0x43, 0xb9, [16] = 0x33, 0x94, 0xd7, 0x50, 0x5e, 0x43, 0x79, 0xcd, 1,
	    [48] = 1 },
	  64,
	  { 0x14, [8] = 0x55 } },
	{ { 1, [8] = 4 },
	  { 0 },
	  { 0xe3, 0x35, 0x94, 0xd7, 0x50, 0x5e, 0x43, 0xb9, [16] = 0x33, 0x94, 0xd7, 0x50, 0x5e, 0x43, 0x79, 0xcd, 1 },
	  48,
	  { 0x13 } },
};

#endif
