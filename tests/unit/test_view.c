/* A file on the screen. */
#include "conf/view.h"

#include <stdio.h>
#include <string.h>

#include "conf/shown.h"
#include "conf/vpn.h"
#include "test.h"

static char out[1 << 16];
static struct diag diag;

static void keep_line(void *arg, const char *text)
{
	size_t len = strlen(out);

	(void)arg;
	(void)snprintf(out + len, sizeof(out) - len, "%s\n", text);
}

static const char *view_of(const char *text, unsigned from)
{
	out[0] = '\0';
	view_print(CONF_PUBLIC, slice_of(text), from, &diag, keep_line, NULL);
	return out;
}

TEST(view_marks_findings_at_their_lines)
{
	diag_clear(&diag, false);
	diag_error(&diag, VPN_PUBLIC_FILE, 8, "expected \"Key = value\"");
	diag_error(&diag, VPN_PRIVATE_FILE, 7, "of another file");
	CHECK_STR(view_of("[Peer]\n\n\n\n\n\nPublicKey = x\nAllowedIPs  10.8.3.2/32\n", 8),
		  "    7  PublicKey = x\n"
		  "  > 8  AllowedIPs  10.8.3.2/32                 error: expected \"Key = value\"\n");
}

TEST(view_puts_a_long_finding_under_its_line)
{
	diag_clear(&diag, false);
	diag_error(&diag, VPN_PUBLIC_FILE, 1, "a sentence that has so many words that they do not stand beside the line");
	diag_warning(&diag, VPN_PUBLIC_FILE, 1, "short");
	CHECK_STR(view_of("[Peer", 0),
		  "  > 1  [Peer\n"
		  "       error: a sentence that has so many words that they do not stand beside \n"
		  "       the line\n"
		  "       warning: short\n");
}

TEST(view_counts_lines_as_editors_do)
{
	diag_clear(&diag, false);
	CHECK_STR(view_of("a\r\n\nb", 0), "    1  a\n    2  \n    3  b\n");
	CHECK_STR(view_of("a\n", 5), "vpn-public.conf has 1 line\n");
	CHECK_STR(view_of("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", 9), "     8  8\n     9  9\n    10  10\n");
}

TEST(view_of_what_is_not_there_tells_why)
{
	diag_clear(&diag, false);
	diag_error(&diag, VPN_PUBLIC_FILE, 1, "is missing");
	CHECK_STR(view_of("", 0), "  > 1                                          error: is missing\n");
}
