/* base/: text, addresses, files, the loop. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/await.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/ecn.h"
#include "base/file.h"
#include "base/inet.h"
#include "base/kmsg.h"
#include "base/loop.h"
#include "base/sockaddr.h"
#include "base/text.h"

TEST(number_takes_digits_within_its_bound_only)
{
	static const struct {
		const char *text;
		uint64_t max;
		int err;
		uint64_t value;
	} rows[] = {
		{ "0", 0, 0, 0 },
		{ "65535", 65535, 0, 65535 },
		{ "65536", 65535, -ERANGE, 0 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999999", 65535, -ERANGE, 0 },
		{ "99999999999999999999999x", 65535, -EINVAL, 0 },
		{ "", 9, -EINVAL, 0 },
		{ "+1", 9, -EINVAL, 0 },
		{ "-1", 9, -EINVAL, 0 },
		{ " 1", 9, -EINVAL, 0 },
		{ "0x1", 9, -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 0;

		CHECK_INT(text_uint(slice_of(rows[i].text), rows[i].max, &value), rows[i].err);
		CHECK(value == rows[i].value);
	}
}

TEST(cut_gives_the_empty_last_field)
{
	struct slice rest = slice_of("a,,"), field;

	CHECK(slice_cut(&rest, ',', &field) && slice_equal(field, "a"));
	CHECK(slice_cut(&rest, ',', &field) && field.len == 0);
	CHECK(slice_cut(&rest, ',', &field) && field.len == 0);
	CHECK(!slice_cut(&rest, ',', &field));
}

TEST(distance_counts_edits_without_case)
{
	CHECK_INT(text_distance(slice_of("AllowedIP"), "allowedips", 1), 1);
	CHECK_INT(text_distance(slice_of("AllowedIP"), "allowedips", 0), SIZE_MAX);
	CHECK_INT(text_distance(slice_of("PublicKey"), "PrivateKey", 2), SIZE_MAX);
	CHECK_INT(text_distance(slice_of("kitten"), "sitting", 3), 3);
	CHECK_INT(text_distance(slice_of("kitten"), "sitting", 2), SIZE_MAX);
	CHECK_INT(text_distance(slice_of("Pign"), "ping", 1), 1);
	CHECK_INT(text_distance(slice_of("ab"), "ba", 0), SIZE_MAX);
	CHECK_INT(text_distance(slice_of("hsow"), "show", 2), 1);
	CHECK_INT(text_distance(slice_of(""), "abc", 9), 3);
}

TEST(what_goes_to_a_terminal_is_printable_ascii)
{
	char text[] = "disk \x1b[2J\x9b" "A\x7f~\t.";

	text_make_printable(text);
	CHECK_STR(text, "disk ?[2J?A?~?.");
}

TEST(digits_are_those_that_printf_writes)
{
	static const uint64_t numbers[] = { 0, 9, 10, 255, 65535, UINT64_C(9999999999), UINT64_MAX };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char buf[TEXT_DIGITS + 1] = "", expected[TEXT_DIGITS + 1];

		text_format(expected, sizeof(expected), "%llu", (unsigned long long)numbers[i]);
		CHECK_STR(text_digits(numbers[i], buf + TEXT_DIGITS), expected);
	}
}

TEST(text_that_does_not_fit_is_cut_and_says_so)
{
	char buf[8];
	struct text text;

	text_init(&text, buf, sizeof(buf));
	text_add(&text, "1234567");
	CHECK(!text.truncated);
	text_add(&text, "8");
	CHECK(text.truncated);
	CHECK_STR(buf, "1234567");
}

TEST(address_refuses_what_is_not_exactly_one)
{
	static const char *const bad[] = { "", "1.2.3", "010.8.3.1", "1.2.3.4 ", "1.2.3.256", "::g", "1.2.3.4.5", "fe80::1%eth0" };
	struct inet_addr addr;
	char text[INET_ADDR_STRLEN];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(inet_addr_parse(slice_of(bad[i]), &addr), -EINVAL);
	CHECK_INT(inet_addr_parse(slice_of("2001:db8::1"), &addr), 0);
	CHECK_STR(inet_addr_text(&addr, text), "2001:db8::1");
}

TEST(prefix_knows_its_first_and_last_address)
{
	static const struct {
		const char *prefix, *first, *last;
	} rows[] = {
		{ "10.8.3.77/24", "10.8.3.0", "10.8.3.255" },   { "10.8.3.77/20", "10.8.0.0", "10.8.15.255" },
		{ "10.8.3.77/32", "10.8.3.77", "10.8.3.77" },   { "10.8.3.77/0", "0.0.0.0", "255.255.255.255" },
		{ "2001:db8::1/126", "2001:db8::", "2001:db8::3" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct inet_prefix prefix;
		struct inet_addr addr;
		char text[INET_ADDR_STRLEN];
		bool has_len;

		CHECK_INT(inet_prefix_parse(slice_of(rows[i].prefix), &prefix, &has_len), 0);
		addr = inet_prefix_first(&prefix);
		CHECK_STR(inet_addr_text(&addr, text), rows[i].first);
		addr = inet_prefix_last(&prefix);
		CHECK_STR(inet_addr_text(&addr, text), rows[i].last);
	}
}

static struct inet_prefix prefix_of(const char *text)
{
	struct inet_prefix prefix = { 0 };
	bool has_len;

	if (inet_prefix_parse(slice_of(text), &prefix, &has_len) < 0)
		abort();
	return prefix;
}

TEST(prefixes_overlap_when_one_holds_the_other)
{
	struct inet_prefix net = prefix_of("10.8.3.0/24"), in = prefix_of("10.8.3.128/25"), out = prefix_of("10.8.2.0/24"),
			   six = prefix_of("::/0"), all = prefix_of("0.0.0.0/0");

	CHECK(inet_overlap(&net, &in) && inet_overlap(&in, &net));
	CHECK(!inet_overlap(&net, &out));
	CHECK(inet_overlap(&all, &out));
	CHECK(!inet_overlap(&six, &net) && !inet_overlap(&net, &six));
}

TEST(file_replace_leaves_the_whole_new_file_with_its_mode)
{
	char dir[] = "/tmp/unit.XXXXXX", buf[16];
	struct stat st;
	int fd;

	CHECK(mkdtemp(dir) != NULL);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK_INT(file_replace(fd, "key", "old", 3, 0644), 0);
	CHECK_INT(file_replace(fd, "key", "secret", 6, 0600), 0);
	CHECK_INT(file_read(fd, "key", buf, sizeof(buf)), 6);
	CHECK_STR(buf, "secret");
	CHECK(fstatat(fd, "key", &st, 0) == 0 && (st.st_mode & 07777) == 0600);
	CHECK_INT(file_read(fd, "key", buf, 6), -EFBIG);
	CHECK_INT(file_read_begin(fd, "key", buf, 5), 4);
	CHECK_STR(buf, "secr");
	CHECK_INT(file_read_begin(fd, "key", buf, sizeof(buf)), 6);
	CHECK_INT(file_read_begin(fd, "nothing", buf, sizeof(buf)), -ENOENT);
	CHECK_INT(file_read(fd, "nothing", buf, sizeof(buf)), -ENOENT);
	CHECK_INT(unlinkat(fd, "key", 0), 0);
	close(fd);
	CHECK_INT(rmdir(dir), 0);
}

TEST(file_replace_follows_no_link_and_trusts_no_name)
{
	static const char *const left[] = { ".key.0123abcd.new", ".key.new", "key.0123abcd.new", ".key.0123abcg.new" };
	char dir[] = "/tmp/unit.XXXXXX", buf[16];
	struct stat st;
	int fd;

	CHECK(mkdtemp(dir) != NULL);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK_INT(file_replace(fd, "other", "other", 5, 0644), 0);
	CHECK_INT(symlinkat("other", fd, "key"), 0);
	CHECK_INT(symlinkat("other", fd, ".key.new"), 0);
	CHECK_INT(file_replace(fd, "key", "secret", 6, 0600), 0);
	CHECK(fstatat(fd, "key", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode));
	CHECK_INT(file_read(fd, "other", buf, sizeof(buf)), 5);
	CHECK(fstatat(fd, "other", &st, 0) == 0 && (st.st_mode & 07777) == 0644);
	CHECK_INT(unlinkat(fd, ".key.new", 0), 0);

	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		close(openat(fd, left[i], O_WRONLY | O_CREAT, 0600));
	file_sweep(fd);
	CHECK(faccessat(fd, left[0], F_OK, 0) < 0);
	for (size_t i = 1; i < sizeof(left) / sizeof(left[0]); i++)
		CHECK_INT(unlinkat(fd, left[i], 0), 0);
	CHECK_INT(unlinkat(fd, "key", 0), 0);
	CHECK_INT(unlinkat(fd, "other", 0), 0);
	close(fd);
	CHECK_INT(rmdir(dir), 0);
}

static struct loop loop;
static struct loop_source first_source, second_source;
static struct loop_timer timers[3];
static char order[8];

static void removes_the_other(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct loop_source *other = source == &first_source ? &second_source : &first_source;

	(void)events;
	(void)now_ns;
	strcat(order, "r");
	loop_remove(&loop, other);
	loop_stop(&loop);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
	(void)number;
	alarms++;
}

TEST(await_ends_by_what_comes_or_by_its_deadline)
{
	int ends[2];

	CHECK_INT(pipe(ends), 0);
	CHECK_INT(await_ready(ends[1], POLLOUT, clock_now_ns() + 60 * NS_PER_S), 0);
	CHECK_INT(await_ready(ends[0], POLLIN, clock_now_ns() + NS_PER_MS), -ETIMEDOUT);
	CHECK_INT((int)write(ends[1], "x", 1), 1);
	CHECK_INT(await_ready(ends[0], POLLIN, clock_now_ns() + 60 * NS_PER_S), 0);
	/* Who always has more to say ends a loop too. */
	CHECK_INT(await_ready(ends[0], POLLIN, clock_now_ns()), -ETIMEDOUT);
	close(ends[1]);
	CHECK_INT(await_ready(ends[0], POLLIN, clock_now_ns() + 60 * NS_PER_S), 0);
	close(ends[0]);
}

TEST(await_goes_on_over_signals)
{
	const struct itimerval every_ms = { { .tv_usec = 1000 }, { .tv_usec = 1000 } }, never = { .it_value = { .tv_sec = 0 } };
	const struct sigaction counts = { .sa_handler = count_alarm };
	uint64_t deadline_ns = clock_now_ns() + 50 * NS_PER_MS;
	struct sigaction before;
	int ends[2];

	alarms = 0;
	CHECK_INT(pipe(ends), 0);
	CHECK_INT(sigaction(SIGALRM, &counts, &before), 0);
	CHECK_INT(setitimer(ITIMER_REAL, &every_ms, NULL), 0);
	CHECK_INT(await_ready(ends[0], POLLIN, deadline_ns), -ETIMEDOUT);
	CHECK_INT(setitimer(ITIMER_REAL, &never, NULL), 0);
	CHECK_INT(sigaction(SIGALRM, &before, NULL), 0);
	CHECK(alarms > 0 && clock_now_ns() >= deadline_ns);
	close(ends[0]);
	close(ends[1]);
}

TEST(loop_forgets_events_of_a_source_that_was_removed)
{
	int ends[2];

	order[0] = '\0';
	CHECK_INT(loop_open(&loop), 0);
	CHECK_INT(pipe(ends), 0);
	CHECK_INT(loop_add(&loop, &first_source, ends[1], EPOLLOUT, removes_the_other), 0);
	CHECK_INT(loop_add(&loop, &second_source, dup(ends[1]), EPOLLOUT, removes_the_other), 0);
	CHECK_INT(loop_run(&loop), 0);
	CHECK_STR(order, "r");
	close(ends[0]);
	close(ends[1]);
	close(second_source.fd);
	loop_close(&loop);
}

static void notes(struct loop_timer *timer, uint64_t now_ns)
{
	char name[2] = { (char)('0' + (timer - timers)), '\0' };

	(void)now_ns;
	strcat(order, name);
	if (!loop.timers)
		loop_stop(&loop);
}

TEST(timers_fire_in_the_order_they_are_due)
{
	uint64_t now_ns = clock_now_ns();

	order[0] = '\0';
	CHECK_INT(loop_open(&loop), 0);
	loop_timer_set(&loop, &timers[0], now_ns + 3 * NS_PER_MS, notes);
	loop_timer_set(&loop, &timers[1], now_ns + 1 * NS_PER_MS, notes);
	loop_timer_set(&loop, &timers[2], now_ns + 2 * NS_PER_MS, notes);
	loop_timer_set(&loop, &timers[1], now_ns + 4 * NS_PER_MS, notes);
	CHECK_INT(loop_run(&loop), 0);
	CHECK_STR(order, "201");
	loop_close(&loop);
}

/* RFC 6040 4.1 normal mode, and figure 4 without its alarms. */
TEST(ecn_goes_out_and_comes_back_as_rfc_6040_has_it)
{
	static const uint8_t to_outer[4] = { ECN_NOT_ECT, ECN_ECT1, ECN_ECT0, ECN_ECT0 };
	static const uint8_t to_inner[4][4] = { /* [inner][outer] */
		[ECN_NOT_ECT] = { ECN_NOT_ECT, ECN_NOT_ECT, ECN_NOT_ECT, ECN_NOT_ECT },
		[ECN_ECT1] = { ECN_ECT1, ECN_ECT1, ECN_ECT1, ECN_CE },
		[ECN_ECT0] = { ECN_ECT0, ECN_ECT1, ECN_ECT0, ECN_CE },
		[ECN_CE] = { ECN_CE, ECN_CE, ECN_CE, ECN_CE },
	};

	for (uint8_t inner = 0; inner < 4; inner++)
		for (uint8_t outer = 0; outer < 4; outer++) {
			uint8_t four[20] = { 0x45, (uint8_t)(0xb8 | inner), 0, 20, 1, 2, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2 };
			uint8_t six[40] = { 0x6b, (uint8_t)(0x8a | inner << 4), 0xbc, 0xde };

			sum_put(four + 10, sum_bytes(0, four, sizeof(four)));
			CHECK_INT(ecn_encapsulate(four), to_outer[inner]);
			CHECK_INT(ecn_encapsulate(six), to_outer[inner]);
			ecn_decapsulate(four, (uint8_t)(0x88 | outer));
			ecn_decapsulate(six, (uint8_t)(0x88 | outer));
			CHECK_INT(ds_field(four), 0xb8 | to_inner[inner][outer]);
			CHECK_INT(ds_field(six), 0xb8 | to_inner[inner][outer]);
			CHECK(sum_is_right(sum_bytes(0, four, sizeof(four))));
			CHECK_INT(load_be32(six) & 0xf00fffff, 0x600abcde); /* version and flow label */
		}
}

TEST(sockaddr_and_back_is_the_same_endpoint)
{
	const struct inet_endpoint endpoints[] = {
		{ .addr = { AF_INET, { 192, 0, 2, 1 } }, .port = 4567 },
		{ .addr = { AF_INET6, { 0xfe, 0x80, [15] = 1 } }, .port = 1, .scope_id = 7 },
	};
	const socklen_t lens[] = { sizeof(struct sockaddr_in), sizeof(struct sockaddr_in6) };
	struct inet_endpoint back;
	union sockaddr_any addr;

	for (size_t i = 0; i < 2; i++) {
		CHECK_INT(sockaddr_from(&addr, &endpoints[i]), lens[i]);
		CHECK(sockaddr_to(&back, &addr, lens[i]));
		CHECK(inet_endpoint_equal(&back, &endpoints[i]));
		CHECK_INT(back.scope_id, endpoints[i].scope_id);
		back.port = 99;
		CHECK(!sockaddr_to(&back, &addr, lens[i] - 1));
		CHECK_INT(back.port, 99);
	}
	CHECK_INT(sockaddr_from(&addr, &(const struct inet_endpoint){ .port = 1 }), 0);
	CHECK(!sockaddr_to(&back, &addr, sizeof(addr)));
	CHECK(!sockaddr_to(&back, NULL, 0));
}

TEST(record_of_the_log_is_a_level_a_time_and_a_line)
{
	char whole[] = "27,5,1234567,-;gateway: down\n SUBSYSTEM=net\n", later[] = "6,1,0,c,x=y;a;b\n";
	static const char *const none[] = { "", ";", "3;x", "3,1;x,2", "3,1,2", "3,1;2,3;x" };
	struct kmsg kmsg;

	CHECK(kmsg_parse(whole, &kmsg) && kmsg.level == 3 && kmsg.at_us == 1234567);
	CHECK_STR(kmsg.text, "gateway: down");
	CHECK(kmsg_parse(later, &kmsg) && kmsg.level == 6);
	CHECK_STR(kmsg.text, "a;b");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		char record[16];

		(void)snprintf(record, sizeof(record), "%s", none[i]);
		CHECK(!kmsg_parse(record, &kmsg));
	}
}
