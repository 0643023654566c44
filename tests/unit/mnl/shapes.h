/* Messages built and read by whichever libmnl the includer compiled against: shapes_debian.c the shared one,
 * shapes_standin.c the stand-in. The code is in shapes_code.h. */
#ifndef TESTS_MNL_SHAPES_H
#define TESTS_MNL_SHAPES_H

#include <stddef.h>
#include <stdint.h>

enum { SHAPE_BUF_LEN = 8192, SHAPE_TEXT_LEN = 65536, SHAPES_MAX = 16 };

struct shapes {
	/* Builds into a buffer of SHAPE_BUF_LEN filled with anything: the message's length. NULL ends the list. */
	size_t (*build[SHAPES_MAX])(uint8_t *buf);
	/* Writes down all that the readers say of the first len bytes: at most SHAPE_TEXT_LEN of text. */
	void (*describe)(const uint8_t *buf, size_t len, char *text);
	int (*lo_index)(void); /* asks the kernel over a socket: 1, or -errno */
};

extern const struct shapes shapes_debian, shapes_standin;

#endif
