#include "engine/packets.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/unzeroed.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "engine/superframe.h"
#include "engine/unreachable.h"
#include "outer/outer.h"

enum {
	BATCH_PACKETS = 512, /* read before the outer side is flushed */
	BATCH_BYTES = 9 * 65536,
};

static struct {
	struct loop *loop; /* NULL: closed */
	struct wg_device *device;
	struct tun *tun;
	uint32_t mtu_bytes;
	void (*gone)(void);
	struct loop_source tun_source;
	struct loop_timer due;
	uint8_t batch[BATCH_BYTES];
} p;

static void due_fires(struct loop_timer *timer, uint64_t now_ns);

/* The core's next deadline; asked after whatever may have moved it, when all that was to leave has left. */
void packets_arm(void)
{
	uint64_t due_ns;

	wg_prepare(p.device, clock_now_ns());
	due_ns = wg_next_due(p.device);

	if (due_ns == WG_NEVER)
		loop_timer_clear(p.loop, &p.due);
	else if (!p.due.armed || p.due.due_ns != due_ns)
		loop_timer_set(p.loop, &p.due, due_ns, due_fires);
}

static void due_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	wg_poll(p.device, now_ns);
	packets_arm();
}

/* ---- the core's ways out ---- */

static void core_sends(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len)
{
	(void)arg;
	if (!outer_port())
		return;
	/* What cannot be sent is lost, as in any network; the bytes are the core's until we return. */
	(void)outer_send(to, ds, bytes, len, 0, clock_now_ns());
	outer_flush();
}

static void core_answers(void *arg, const struct inet_flow *from, uint8_t ds, const uint8_t *bytes, size_t len)
{
	(void)arg;
	(void)outer_answer(from, ds, bytes, len);
	outer_flush();
}

static int core_random(void *arg, void *dst, size_t len)
{
	(void)arg;
	return random_bytes(dst, len);
}

static struct wg_wall core_wall(void *arg)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct wg_wall){ ts.tv_sec, (uint32_t)ts.tv_nsec };
}

static uint64_t core_work(void *arg)
{
	(void)arg;
	return clock_now_ns();
}

const struct wg_host packets_host = {
	.send = core_sends,
	.answer = core_answers,
	.random = core_random,
	.wall = core_wall,
	.work_ns = core_work,
};

/* ---- network to TUN ---- */

bool packets_have_sent(void *arg, const struct inet_endpoint *to, const uint8_t *bytes, size_t len)
{
	(void)arg;
	return wg_has_sent(p.device, to, bytes, len);
}

void packets_came(void *arg, const struct inet_flow *from, uint8_t ds, uint8_t *bytes, size_t len,
			   size_t segment_len, uint64_t now_ns)
{
	(void)arg;
	for (size_t at = 0; at < len;) {
		UNZEROED struct wg_packet packets[WG_BATCH];
		size_t count = 0;

		for (; at < len && count < WG_BATCH; at += segment_len, count++) {
			packets[count].bytes = bytes + at;
			packets[count].len = len - at < segment_len ? len - at : segment_len;
		}
		wg_input_many(p.device, from, ds, packets, count, now_ns);
		for (size_t i = 0; i < count; i++)
			if (packets[i].verdict == WG_DATA)
				tun_write(p.tun, packets[i].view.bytes, packets[i].view.len);
	}
}

void packets_batch_over(void *arg, uint64_t now_ns)
{
	(void)arg;
	(void)now_ns;
	tun_flush(p.tun);
	packets_arm();
}

/* ---- TUN to network ---- */

static void send_packets(const struct tun_packet *packets, size_t count, uint64_t now_ns)
{
	struct superframe frame = { .count = 0 };

	for (size_t done = 0; done < count;) {
		UNZEROED struct wg_packet out[WG_BATCH];
		size_t n = 0;

		for (; done < count && n < WG_BATCH; done++, n++) {
			out[n].bytes = packets[done].bytes;
			out[n].len = packets[done].len;
		}
		wg_output_many(p.device, out, n, now_ns);
		for (size_t i = 0; i < n; i++) {
			switch (out[i].verdict) {
			case WG_SEALED:
				superframe_add(&frame, &out[i].view, now_ns);
				break;
			case WG_NO_PEER:
			case WG_NO_ENDPOINT:
				unreachable_answer(p.tun, out[i].bytes, out[i].len, now_ns);
				break;
			default:
				break;
			}
		}
	}
	superframe_send(&frame, now_ns);
}

/* What waits, up to a batch; fresh false: only what is left of a super-packet that was begun. */
static void move_batch(bool fresh, uint64_t now_ns)
{
	const struct tun_layout layout = { .headroom = WG_HEADROOM,
					   .tailroom = AEAD_TAG_LEN,
					   .align = WG_TAILROOM + 1 - AEAD_TAG_LEN,
					   .limit = (uint16_t)p.mtu_bytes };
	UNZEROED struct tun_packet packets[BATCH_PACKETS];
	size_t at = 0, count = 0, used;

	/* All are read before the first is sealed: what lies side by side leaves as one super-frame. */
	while ((fresh || tun_pending(p.tun)) && count < BATCH_PACKETS && BATCH_BYTES - at >= tun_room(&layout)) {
		int n = tun_read(p.tun, &layout, p.batch + at, BATCH_BYTES - at, packets + count,
				 BATCH_PACKETS - count, &used);

		if (n <= 0)
			break;
		count += (size_t)n;
		at += used;
	}
	send_packets(packets, count, now_ns);
	outer_flush();
	tun_flush(p.tun);
}

static void tun_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	/* That does not end by itself: it is heard once. */
	if (events & EPOLLERR) {
		loop_change(p.loop, source, EPOLLET);
		p.gone();
		return;
	}
	move_batch(true, now_ns);
	while (tun_pending(p.tun))
		move_batch(false, now_ns);
	packets_arm();
}

/* ---- open and close ---- */

void packets_set_mtu(uint32_t mtu_bytes)
{
	p.mtu_bytes = mtu_bytes;
	tun_set_mtu(p.tun, mtu_bytes);
	wg_set_mtu(p.device, mtu_bytes);
}

int packets_open(struct loop *loop, struct wg_device *device, struct tun *tun, void (*gone)(void))
{
	int err = loop_add(loop, &p.tun_source, tun->fd, EPOLLIN, tun_ready);

	if (err < 0)
		return err;
	p.loop = loop;
	p.device = device;
	p.tun = tun;
	p.gone = gone;
	return 0;
}

void packets_close(void)
{
	if (!p.loop)
		return;
	loop_timer_clear(p.loop, &p.due);
	loop_remove(p.loop, &p.tun_source);
	explicit_bzero(p.batch, sizeof(p.batch));
	p.loop = NULL;
	p.device = NULL;
	p.tun = NULL;
	p.mtu_bytes = 0;
}
