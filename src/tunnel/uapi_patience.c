#include "tunnel/uapi_patience.h"

#include <assert.h>
#include <errno.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/pulse.h"
#include "tunnel/uapi_opener.h"
#include "tunnel/uapi_process.h"
#include "tunnel/uapi_program.h"
#include "tunnel/uapi_silence.h"

static_assert(2 * UAPI_TURN_MS < PULSE_STANDS_S * 1000, "the other half is for all else that a turn does");
/* In a turn that waited for nothing yet: */
static_assert(UAPI_PATIENCE_MS + UAPI_PROCESS_END_MS <= UAPI_TURN_MS && UAPI_PROGRAM_WAIT_MS + UAPI_PROCESS_END_MS <= UAPI_TURN_MS &&
	      (int)UAPI_OPENER_MEND_MS <= (int)UAPI_TURN_MS, "it would never be done");

unsigned uapi_patience_left_ms(struct uapi_patience *patience)
{
	uint64_t waited_ms;

	if (patience->turn != patience->loop->turn)
		patience->waited_ns = 0;
	patience->turn = patience->loop->turn;
	waited_ms = patience->waited_ns / NS_PER_MS;
	return waited_ms < UAPI_TURN_MS ? (unsigned)(UAPI_TURN_MS - waited_ms) : 0;
}

static uint64_t until(struct uapi_patience *patience, unsigned most_ms, unsigned keep_ms)
{
	unsigned left_ms = uapi_patience_left_ms(patience);

	left_ms = left_ms > keep_ms ? left_ms - keep_ms : 0;
	patience->was_short = left_ms < most_ms;
	return clock_now_ns() + (left_ms < most_ms ? left_ms : most_ms) * NS_PER_MS;
}

uint64_t uapi_patience_until(struct uapi_patience *patience, unsigned most_ms)
{
	return until(patience, most_ms, UAPI_PROCESS_END_MS);
}

uint64_t uapi_patience_until_end(struct uapi_patience *patience)
{
	return until(patience, UAPI_PROCESS_END_MS, 0);
}

void uapi_patience_waited(struct uapi_patience *patience, uint64_t began_ns)
{
	uint64_t waited_ns = clock_now_ns() - began_ns;

	if (waited_ns >= UAPI_PROMPT_MS * NS_PER_MS)
		patience->waited_ns += waited_ns;
}

int uapi_patience_ask(struct uapi_patience *patience, struct uapi_asker *asker, struct uapi_lines *lines, struct uapi_answer *answer,
		      struct tunnel *tunnel)
{
	uint64_t began_ns = clock_now_ns();
	int err = uapi_ask(asker, lines, answer, uapi_patience_until(patience, UAPI_PATIENCE_MS));
	bool unanswered = err == -ETIMEDOUT && !answer->ended;

	uapi_patience_waited(patience, began_ns);
	uapi_lines_wipe(lines);
	if (!tunnel || (unanswered && patience->was_short))
		return err;
	began_ns = clock_now_ns();
	uapi_silence_note(&patience->silences, unanswered, tunnel, uapi_patience_until_end(patience));
	uapi_patience_waited(patience, began_ns);
	return err;
}
