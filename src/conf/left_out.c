#include "conf/left_out.h"

#include <errno.h>
#include <string.h>

#include "conf/keys.h"
#include "crypto/key.h"

#define LEFT_OUT "(left out)"
#define PRIVATE "PrivateKey"
#define PRESHARED "PresharedKey"

/* Characters of base64 before the "=" of a key. */
enum { KEY_RUN = KEY_BASE64_LEN - 2 };

struct output {
	char *bytes;
	size_t cap, len;
	bool full;
};

static void put_text(struct output *out, struct slice text)
{
	if (out->full || text.len >= out->cap - out->len) {
		out->full = true;
		return;
	}
	memcpy(out->bytes + out->len, text.ptr, text.len);
	out->len += text.len;
}

/* Blanks and what an editor on another system puts around a line. */
static struct slice bare(struct slice line)
{
	static const char bom[] = "\xef\xbb\xbf";

	if (slice_starts(line, bom)) {
		line.ptr += sizeof(bom) - 1;
		line.len -= sizeof(bom) - 1;
	}
	while (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	return slice_trim(line);
}

static struct slice behind_marks(struct slice line, const char *marks)
{
	while (line.len && line.ptr[0] && strchr(marks, line.ptr[0])) {
		line.ptr++;
		line.len--;
	}
	return line;
}

/* What stands before the "=", of a comment too. */
static struct slice name_of(struct slice line)
{
	struct slice name = { NULL, 0 };

	line = behind_marks(line, "#; \t");
	slice_cut(&line, '=', &name);
	return slice_trim(name);
}

static bool is_key_name(struct slice name)
{
	return conf_near(name, PRIVATE) || conf_near(name, PRESHARED);
}

static bool is_number(struct slice value)
{
	uint64_t number;

	return !text_uint(value, UINT16_MAX, &number);
}

/* A line of vpn-private.conf that can hold nothing of a key. */
static bool is_harmless(struct slice line)
{
	struct slice rest = line, name;

	if (!line.len || slice_equal(line, "[Interface]"))
		return true;
	return slice_cut(&rest, '=', &name) && slice_equal(slice_trim(name), "ListenPort") && is_number(slice_trim(rest));
}

/* 43 and more characters of base64 behind each other, but for a PublicKey: a key, wherever it stands. */
static bool holds_key(struct slice line)
{
	size_t run = 0;

	if (slice_equal_nocase(name_of(line), "PublicKey") && line.ptr[0] != '#')
		return false;
	for (size_t i = 0; i < line.len && run < KEY_RUN; i++) {
		unsigned char c = (unsigned char)line.ptr[i];

		run = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '+' || c == '/' ? run + 1 : 0;
	}
	return run >= KEY_RUN;
}

bool left_out_spares(enum conf_file file, struct slice line)
{
	struct slice text = bare(line);

	return file == CONF_PRIVATE ? is_harmless(text) : !is_key_name(name_of(text)) && !holds_key(text);
}

bool left_out_begun(struct slice line)
{
	enum { LOOKED_AT = 64 }; /* it is called for each character of a line that may be as long as a file */
	size_t len = 0;

	line.len = line.len < LOOKED_AT ? line.len : LOOKED_AT;
	line = behind_marks(line, "#; \t:+"); /* the last two are an export's */
	while (len < line.len && !strchr("=: \t", line.ptr[len]))
		len++;
	return len < line.len && is_key_name((struct slice){ line.ptr, len });
}

static void take_line(struct output *out, enum conf_file file, struct slice line)
{
	struct slice name = name_of(bare(line)), text = bare(line);

	if (left_out_spares(file, line))
		put_text(out, line);
	else if (slice_equal_nocase(name, PRIVATE) && text.ptr[0] != '#')
		put_text(out, slice_of(PRIVATE " = " LEFT_OUT));
	else if (slice_equal_nocase(name, PRESHARED) && text.ptr[0] != '#')
		put_text(out, slice_of(PRESHARED " = " LEFT_OUT));
	else
		put_text(out, slice_of("# " LEFT_OUT));
}

ssize_t left_out_take(enum conf_file file, struct slice text, char *dst, size_t cap)
{
	struct output out = { .bytes = dst, .cap = cap };
	struct slice rest = text, line;
	bool more = slice_cut(&rest, '\n', &line);

	while (more) {
		take_line(&out, file, line);
		more = slice_cut(&rest, '\n', &line);
		if (more)
			put_text(&out, slice_of("\n"));
	}
	return out.full ? -EFBIG : (ssize_t)out.len;
}

/* The PublicKey of the section that begins behind the last "[" line before at: text is what is left from there on. */
static bool section_key(struct slice section, uint8_t key[static KEY_LEN])
{
	struct slice line, name;

	while (slice_cut(&section, '\n', &line)) {
		line = bare(line);
		if (line.len && line.ptr[0] == '[')
			return false;
		if (slice_cut(&line, '=', &name) && slice_equal_nocase(slice_trim(name), "PublicKey")) {
			struct slice value = slice_trim(line), word;

			return slice_word(&value, &word) && !key_from_base64(word.ptr, word.len, key);
		}
	}
	return false;
}

static bool put_preshared(struct output *out, struct slice section, const struct vpn_conf *now, char *missing, size_t missing_len)
{
	char text[KEY_BASE64_LEN] = "of a [Peer] without PublicKey";
	const struct vpn_peer *peer = NULL;
	uint8_t key[KEY_LEN];

	if (section_key(section, key)) {
		peer = vpn_find_peer(now, key);
		key_to_base64(key, text);
	}
	if (!peer || !peer->has_preshared_key) {
		text_format(missing, missing_len, PRESHARED " of %s", text);
		return false;
	}
	key_to_base64(peer->preshared_key, text);
	put_text(out, slice_of(PRESHARED " = "));
	put_text(out, slice_of(text));
	wipe(text, sizeof(text));
	return true;
}

static bool put_private(struct output *out, const struct vpn_conf *now, char *missing, size_t missing_len)
{
	char text[KEY_BASE64_LEN];

	if (!now->private_key_line || key_is_zero(now->private_key)) {
		text_format(missing, missing_len, PRIVATE);
		return false;
	}
	key_to_base64(now->private_key, text);
	put_text(out, slice_of(PRIVATE " = "));
	put_text(out, slice_of(text));
	wipe(text, sizeof(text));
	return true;
}

ssize_t left_out_put(struct slice text, const struct vpn_conf *now, char *dst, size_t cap, char *missing, size_t missing_len)
{
	struct output out = { .bytes = dst, .cap = cap };
	struct slice rest = text, line, section = text;
	bool more = slice_cut(&rest, '\n', &line), there = true;

	while (more && there) {
		if (line.len && line.ptr[0] == '[')
			section = rest;
		if (slice_equal(line, PRIVATE " = " LEFT_OUT))
			there = put_private(&out, now, missing, missing_len);
		else if (slice_equal(line, PRESHARED " = " LEFT_OUT))
			there = put_preshared(&out, section, now, missing, missing_len);
		else
			put_text(&out, line);
		more = slice_cut(&rest, '\n', &line);
		if (more)
			put_text(&out, slice_of("\n"));
	}
	return !there ? -ENOKEY : out.full ? -EFBIG : (ssize_t)out.len;
}
