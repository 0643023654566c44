/* Many packets at once on AVX-512: sets of eight go through ChaCha20 as groups of blocks, and through Poly1305 one in each lane;
 * a packet that is alone is hashed eight blocks at a time instead, with eight powers of its key. */
#include "crypto/aead_impl.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <string.h>

#include "base/unzeroed.h"
#include "crypto/chacha20_avx512.h"
#include "crypto/key.h"
#include "crypto/poly1305_avx512.h"

enum {
	SET_PACKETS = POLY_LANES,
	SET_GROUPS = SET_PACKETS * CHACHA_GROUPS,
	/* What the first groups of a packet hold of it: block 0 is the one-time key. */
	HEAD_LEN = CHACHA_GROUPS * CHACHA_GROUP_LEN - CHACHA_BLOCK_LEN,
	HEAD_BLOCKS = CHACHA_GROUPS * CHACHA_GROUP_BLOCKS,
	CHUNK_LEN = 64, /* of a packet in a register: four blocks for Poly1305 */
	CHUNK_BLOCKS = CHUNK_LEN / POLY_BLOCK_LEN,
	PAIR_LEN = 2 * CHUNK_LEN,
};

/* Packets that are worked on together. Of stream that is used which holds the first groups of each packet. */
struct set {
	_Alignas(64) uint8_t stream[SET_GROUPS * CHACHA_GROUP_LEN];
	size_t used;
	struct chacha_group groups[SET_GROUPS];
	unsigned first[SET_PACKETS]; /* group of each packet */
	/* for Poly1305, by lane: r and pad in words, then the tags; lanes that are over do what lane 0 does */
	uint64_t key[4][POLY_LANES];
	uint64_t tag[2][POLY_LANES];
	const uint8_t *bytes[POLY_LANES];
	size_t len[POLY_LANES];
};

static inline size_t at_most(size_t len, size_t limit)
{
	return len < limit ? len : limit;
}

/* Of 64 bytes that begin at (and that may be before or behind the packet's) those which are within len. */
AVX512_INLINE __mmask64 within(int64_t at, size_t len)
{
	int64_t left = (int64_t)len - at, before = -at;

	left = left < 0 ? 0 : left > CHUNK_LEN ? CHUNK_LEN : left;
	before = before < 0 ? 0 : before > left ? left : before;
	return _bzhi_u64(UINT64_MAX, (unsigned)left) & ~_bzhi_u64(UINT64_MAX, (unsigned)before);
}

/* Masked bytes are not touched, wherever they would be. */
AVX512_INLINE __m512i load_within(const uint8_t *bytes, size_t len, int64_t at)
{
	return _mm512_maskz_loadu_epi8(within(at, len), (const void *)((uintptr_t)bytes + (uintptr_t)at));
}

/* ---- ChaCha20 ---- */

AVX512 __attribute__((noinline)) static void next_groups(uint8_t *stream, const struct chacha_group *group, size_t groups)
{
	switch (groups) {
	case 1:
		chacha_groups(stream, group, 1);
		break;
	case 2:
		chacha_groups(stream, group, 2);
		break;
	case 3:
		chacha_groups(stream, group, 3);
		break;
	case 4:
		chacha_groups(stream, group, 4);
		break;
	case 5:
		chacha_groups(stream, group, 5);
		break;
	default:
		chacha_groups(stream, group, CHACHA_GROUPS);
		break;
	}
}

static struct chacha_group group_of(const struct aead_job *job, uint32_t block)
{
	return (struct chacha_group){ job->key, { block, 0, (uint32_t)job->counter, (uint32_t)(job->counter >> 32) } };
}

/* Any number, in passes. */
static void make_stream(uint8_t *stream, const struct chacha_group *groups, size_t count)
{
	for (size_t done = 0, n; done < count; done += n) {
		n = at_most(count - done, CHACHA_GROUPS);
		next_groups(stream + CHACHA_GROUP_LEN * done, groups + done, n);
	}
}

static size_t groups_of(size_t len)
{
	return (len + CHACHA_GROUP_LEN - 1) / CHACHA_GROUP_LEN;
}

/* The first groups of each packet, and from them the keys for Poly1305. */
static void set_begin(struct set *s, const struct aead_job *jobs, size_t count)
{
	size_t groups = 0;

	for (size_t i = 0; i < count; i++) {
		s->first[i] = (unsigned)groups;
		for (uint32_t g = 0; g < groups_of(CHACHA_BLOCK_LEN + at_most(jobs[i].len, HEAD_LEN)); g++)
			s->groups[groups++] = group_of(&jobs[i], CHACHA_GROUP_BLOCKS * g);
	}
	make_stream(s->stream, s->groups, groups);
	s->used = s->used > CHACHA_GROUP_LEN * groups ? s->used : CHACHA_GROUP_LEN * groups;
	for (size_t i = 0; i < POLY_LANES; i++) {
		size_t packet = i < count ? i : 0;

		for (unsigned j = 0; j < 4; j++)
			memcpy(&s->key[j][i], s->stream + (size_t)CHACHA_GROUP_LEN * s->first[packet] + 8 * (size_t)j, 8);
		s->bytes[i] = jobs[packet].bytes;
		s->len[i] = jobs[packet].len;
	}
}

AVX512 static void xor_stream(uint8_t *bytes, const uint8_t *stream, size_t len)
{
	size_t i = 0;

	for (; len - i >= CHUNK_LEN; i += CHUNK_LEN) {
		__m512i v = _mm512_loadu_si512(bytes + i);

		_mm512_storeu_si512(bytes + i, _mm512_xor_si512(v, _mm512_load_si512(stream + i)));
	}
	if (i < len) {
		__mmask64 rest = within(0, len - i);
		__m512i v = _mm512_maskz_loadu_epi8(rest, bytes + i);

		_mm512_mask_storeu_epi8(bytes + i, rest, _mm512_xor_si512(v, _mm512_load_si512(stream + i)));
	}
}

static void xor_head(const struct set *s, const struct aead_job *job, unsigned first)
{
	xor_stream(job->bytes, s->stream + (size_t)CHACHA_GROUP_LEN * first + CHACHA_BLOCK_LEN,
		   at_most(job->len, HEAD_LEN));
}

/* What is behind the first groups; the set's own streams are not needed any more. */
static void xor_rest(struct set *s, const struct aead_job *job)
{
	uint32_t block = HEAD_BLOCKS;

	for (size_t done = HEAD_LEN, n; done < job->len; done += n, block += SET_GROUPS * CHACHA_GROUP_BLOCKS) {
		n = at_most(job->len - done, sizeof(s->stream));
		for (uint32_t g = 0; g < groups_of(n); g++)
			s->groups[g] = group_of(job, block + CHACHA_GROUP_BLOCKS * g);
		make_stream(s->stream, s->groups, groups_of(n));
		xor_stream(job->bytes + done, s->stream, n);
		s->used = sizeof(s->stream);
	}
}

/* ---- Poly1305 ---- */

static size_t mac_blocks(size_t len)
{
	return (len + POLY_BLOCK_LEN - 1) / POLY_BLOCK_LEN;
}

/* A packet in each lane: they end together, so that shorter ones begin later. */
AVX512 __attribute__((noinline)) static void mac_lanes(struct set *s)
{
	const struct poly_factor f = poly_factor_of(poly_clamp(_mm512_loadu_si512(s->key[0]), _mm512_loadu_si512(s->key[1])));
	struct poly_limbs h = { _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512() };
	size_t chunks = 0, full_from = 0, full_to = SIZE_MAX;
	int64_t at[POLY_LANES];

	for (unsigned i = 0; i < POLY_LANES; i++) {
		size_t n = (mac_blocks(s->len[i]) + CHUNK_BLOCKS - 1) / CHUNK_BLOCKS;

		chunks = n > chunks ? n : chunks;
	}
	for (unsigned i = 0; i < POLY_LANES; i++) {
		size_t before = CHUNK_LEN * chunks - POLY_BLOCK_LEN * mac_blocks(s->len[i]);
		size_t from = (before + CHUNK_LEN - 1) / CHUNK_LEN, to = (before + s->len[i]) / CHUNK_LEN;

		at[i] = -(int64_t)before;
		full_from = from > full_from ? from : full_from;
		full_to = to < full_to ? to : full_to;
	}
	for (size_t chunk = 0; chunk < chunks; chunk++) {
		UNZEROED __m512i row[POLY_LANES], ats = _mm512_loadu_si512(at);
		UNZEROED __mmask8 whole[CHUNK_BLOCKS];

		if (chunk >= full_from && chunk < full_to) {
			AVX512_UNROLL
			for (unsigned i = 0; i < POLY_LANES; i++)
				row[i] = _mm512_loadu_si512(s->bytes[i] + at[i]);
		} else {
			AVX512_UNROLL
			for (unsigned i = 0; i < POLY_LANES; i++)
				row[i] = load_within(s->bytes[i], s->len[i], at[i]);
		}
		AVX512_UNROLL
		for (unsigned i = 0; i < CHUNK_BLOCKS; i++)
			whole[i] = _mm512_cmpge_epi64_mask(ats, _mm512_set1_epi64(-(int64_t)POLY_BLOCK_LEN * i));
		_mm512_storeu_si512(at, _mm512_add_epi64(ats, _mm512_set1_epi64(CHUNK_LEN)));

		struct lanes_4x4 low = lanes_transpose((struct lanes_4x4){
			_mm512_unpacklo_epi64(row[0], row[1]), _mm512_unpacklo_epi64(row[2], row[3]),
			_mm512_unpacklo_epi64(row[4], row[5]), _mm512_unpacklo_epi64(row[6], row[7]) });
		struct lanes_4x4 high = lanes_transpose((struct lanes_4x4){
			_mm512_unpackhi_epi64(row[0], row[1]), _mm512_unpackhi_epi64(row[2], row[3]),
			_mm512_unpackhi_epi64(row[4], row[5]), _mm512_unpackhi_epi64(row[6], row[7]) });

		h = poly_step(h, low.a, high.a, whole[0], f);
		h = poly_step(h, low.b, high.b, whole[1], f);
		h = poly_step(h, low.c, high.c, whole[2], f);
		h = poly_step(h, low.d, high.d, whole[3], f);
	}
	/* no associated data: the lengths are 0 and len */
	h = poly_step(h, _mm512_setzero_si512(), _mm512_loadu_si512(s->len), 0xff, f);
	poly_tags(s->tag, h, _mm512_loadu_si512(s->key[2]), _mm512_loadu_si512(s->key[3]));
}

AVX512_INLINE struct poly_limbs poly_choose(__mmask8 second, struct poly_limbs x, struct poly_limbs y)
{
	return (struct poly_limbs){ _mm512_mask_mov_epi64(x.l0, second, y.l0), _mm512_mask_mov_epi64(x.l1, second, y.l1),
				    _mm512_mask_mov_epi64(x.l2, second, y.l2) };
}

AVX512_INLINE __m512i poly_sum(__m512i x)
{
	return _mm512_set1_epi64(_mm512_reduce_add_epi64(x));
}

/* Which of the eight blocks from at on are the packet's: it may begin behind the first. */
AVX512_INLINE __mmask8 whole_from(int64_t at)
{
	const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7), offset = _mm512_slli_epi64(order, 4);

	return _mm512_cmpge_epi64_mask(offset, _mm512_set1_epi64(-at));
}

/* The blocks of packet i, eight by eight: of each eight, the lanes hold 0 4 1 5 2 6 3 7. The last is that of the lengths. */
AVX512 __attribute__((noinline)) static void mac_alone(struct set *s, unsigned i)
{
	size_t len = s->len[i], pairs = mac_blocks(len) / POLY_LANES + 1;
	const struct poly_limbs r1 = poly_clamp(_mm512_set1_epi64((int64_t)s->key[0][i]), _mm512_set1_epi64((int64_t)s->key[1][i]));
	const struct poly_limbs r2 = poly_multiply(r1, poly_factor_of(r1));
	const struct poly_limbs r4 = poly_multiply(r2, poly_factor_of(r2));
	const struct poly_factor r8 = poly_factor_of(poly_multiply(r4, poly_factor_of(r4)));
	struct poly_limbs h = { _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512() }, power;
	__m512i x, y;
	int64_t at = (int64_t)(POLY_BLOCK_LEN * (mac_blocks(len) + 1)) - (int64_t)(PAIR_LEN * pairs);

	/* to the power of 8 4 7 3 6 2 5 1 */
	power = poly_choose(0x33, r1, r2);
	power = poly_choose(0x0f, power, poly_multiply(power, poly_factor_of(r2)));
	power = poly_choose(0x55, power, poly_multiply(power, poly_factor_of(r4)));

	for (size_t pair = 1; pair < pairs; pair++, at += PAIR_LEN) {
		x = load_within(s->bytes[i], len, at);
		y = load_within(s->bytes[i], len, at + CHUNK_LEN);
		h = poly_step(h, _mm512_unpacklo_epi64(x, y), _mm512_unpackhi_epi64(x, y), whole_from(at), r8);
	}
	x = load_within(s->bytes[i], len, at);
	y = _mm512_mask_set1_epi64(load_within(s->bytes[i], len, at + CHUNK_LEN), 0x80, (int64_t)len);
	h = poly_step(h, _mm512_unpacklo_epi64(x, y), _mm512_unpackhi_epi64(x, y), whole_from(at), poly_factor_of(power));
	poly_tags(s->tag, (struct poly_limbs){ poly_sum(h.l0), poly_sum(h.l1), poly_sum(h.l2) },
		  _mm512_set1_epi64((int64_t)s->key[2][i]), _mm512_set1_epi64((int64_t)s->key[3][i]));
}

static void tag_store(uint8_t tag[static AEAD_TAG_LEN], const struct set *s, unsigned lane)
{
	memcpy(tag, &s->tag[0][lane], 8);
	memcpy(tag + 8, &s->tag[1][lane], 8);
}

/* A step takes as long either way; the powers, and the sum of the lanes, take eight times that. */
static bool is_faster_in_lanes(const struct set *s, size_t count)
{
	size_t longest = 0, all = 0;

	for (size_t i = 0; i < count; i++) {
		size_t blocks = mac_blocks(s->len[i]) + 1;

		longest = blocks > longest ? blocks : longest;
		all += 8 + blocks / POLY_LANES;
	}
	return longest <= all;
}

static void set_mac(struct set *s, uint8_t (*tags)[AEAD_TAG_LEN], size_t count)
{
	bool lanes = is_faster_in_lanes(s, count);

	if (lanes)
		mac_lanes(s);
	for (unsigned i = 0; i < count; i++) {
		if (!lanes)
			mac_alone(s, i);
		tag_store(tags[i], s, lanes ? i : 0);
	}
}

/* ---- seal and open ---- */

/* They held keys; what the compiler kept of them in frames is for wipe_stack. */
AVX512 static void wipe_registers(void)
{
	__asm__ volatile("vpxorq %%zmm16, %%zmm16, %%zmm16\n\tvpxorq %%zmm17, %%zmm17, %%zmm17\n\t"
			 "vpxorq %%zmm18, %%zmm18, %%zmm18\n\tvpxorq %%zmm19, %%zmm19, %%zmm19\n\t"
			 "vpxorq %%zmm20, %%zmm20, %%zmm20\n\tvpxorq %%zmm21, %%zmm21, %%zmm21\n\t"
			 "vpxorq %%zmm22, %%zmm22, %%zmm22\n\tvpxorq %%zmm23, %%zmm23, %%zmm23\n\t"
			 "vpxorq %%zmm24, %%zmm24, %%zmm24\n\tvpxorq %%zmm25, %%zmm25, %%zmm25\n\t"
			 "vpxorq %%zmm26, %%zmm26, %%zmm26\n\tvpxorq %%zmm27, %%zmm27, %%zmm27\n\t"
			 "vpxorq %%zmm28, %%zmm28, %%zmm28\n\tvpxorq %%zmm29, %%zmm29, %%zmm29\n\t"
			 "vpxorq %%zmm30, %%zmm30, %%zmm30\n\tvpxorq %%zmm31, %%zmm31, %%zmm31"
			 :
			 :
			 : "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",
			   "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
	_mm256_zeroall();
}

static void set_wipe(struct set *s)
{
	wipe(s->stream, s->used);
	wipe(s->key, sizeof(s->key));
	wipe(s->tag, sizeof(s->tag));
	wipe_registers();
}

static void avx512_seal_many(struct aead_job *jobs, size_t count)
{
	UNZEROED struct set s;

	s.used = 0;
	for (size_t done = 0, n; done < count; done += n, jobs += n) {
		UNZEROED uint8_t tags[SET_PACKETS][AEAD_TAG_LEN];

		n = at_most(count - done, SET_PACKETS);
		set_begin(&s, jobs, n);
		for (size_t i = 0; i < n; i++)
			xor_head(&s, &jobs[i], s.first[i]);
		for (size_t i = 0; i < n; i++)
			xor_rest(&s, &jobs[i]);
		set_mac(&s, tags, n);
		for (size_t i = 0; i < n; i++)
			memcpy(jobs[i].bytes + jobs[i].len, tags[i], AEAD_TAG_LEN);
	}
	set_wipe(&s);
	wipe_stack();
}

/* What is forged is never decrypted. */
static void avx512_open_many(struct aead_job *jobs, size_t count)
{
	UNZEROED uint8_t tags[SET_PACKETS][AEAD_TAG_LEN];
	UNZEROED struct set s;

	s.used = 0;
	for (size_t done = 0, n; done < count; done += n, jobs += n) {
		n = at_most(count - done, SET_PACKETS);
		set_begin(&s, jobs, n);
		set_mac(&s, tags, n);
		for (size_t i = 0; i < n; i++) {
			jobs[i].right = ct_equal(tags[i], jobs[i].bytes + jobs[i].len, AEAD_TAG_LEN);
			if (jobs[i].right)
				xor_head(&s, &jobs[i], s.first[i]);
			else if (jobs[i].len)
				wipe(jobs[i].bytes, jobs[i].len);
		}
		for (size_t i = 0; i < n; i++)
			if (jobs[i].right)
				xor_rest(&s, &jobs[i]);
	}
	wipe(tags, sizeof(tags)); /* the right tag of a forged packet is worth having */
	set_wipe(&s);
	wipe_stack();
}

/* Intel's manual 15.2: the system must save the upper halves, the upper registers and the masks too, which OSXSAVE and XCR0 tell.
 * IFMA and VBMI2 came together with cores that do not slow down for such instructions. */
static bool has_avx512(void)
{
	const unsigned wanted = bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ | bit_AVX512IFMA | bit_BMI2;
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return false;

	uint32_t xcr0, xcr0_upper;

	__asm__ volatile("xgetbv" : "=a"(xcr0), "=d"(xcr0_upper) : "c"(0));
	(void)xcr0_upper;
	if (~xcr0 & 0xe6) /* SSE, AVX, masks, both kinds of upper ZMM state */
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && !(~b & wanted) && (c & bit_AVX512VBMI2);
}

const struct aead_impl *aead_avx512(void)
{
	static struct aead_impl avx512 = { .name = "avx512", .seal_many = avx512_seal_many, .open_many = avx512_open_many };
	const struct aead_impl *avx2 = aead_avx2();

	if (!avx2 || !has_avx512())
		return NULL;
	/* Handshakes alone have associated data, and go one by one. */
	avx512.seal = avx2->seal;
	avx512.open = avx2->open;
	return &avx512;
}

#else

const struct aead_impl *aead_avx512(void)
{
	return NULL;
}

#endif
