#include "conf/paste.h"

#include <string.h>

#include "crypto/key.h"

#define MAGIC "mitigator-export "
#define VERSION "1"
#define WITH_KEYS "with-keys"
#define WITHOUT_KEYS "without-keys"

/* Of what one line carries; with its first character it stays below 80 columns, and below what terminals strip or wrap. */
enum { TEXT_MAX = 71, HEX_BYTES_MAX = 32 };

enum { SUM_TEXT_LEN = 2 * PASTE_SUM_LEN + 1 };

/* No index and no branch by the digit: it may be a key's. */
static char hex_of(unsigned digit)
{
	return (char)('0' + digit + ((9u - digit) >> 8 & ('a' - '0' - 10)));
}

static void to_hex(const uint8_t *bytes, size_t len, char *text)
{
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = hex_of(bytes[i] >> 4);
		text[2 * i + 1] = hex_of(bytes[i] & 15);
	}
	text[2 * len] = '\0';
}

/* 0 to 15, or a number above 255 when it is no digit. */
static unsigned hex_digit(char c)
{
	unsigned digit = (unsigned)(unsigned char)c - '0', letter = (unsigned)(unsigned char)c - 'a';
	unsigned is_digit = ((digit - 10) & ~digit) >> 31, is_letter = ((letter - 6) & ~letter) >> 31;

	return (digit & -is_digit) | ((letter + 10) & -is_letter) | (1u - (is_digit | is_letter)) << 8;
}

static bool from_hex(struct slice text, uint8_t *bytes, size_t len)
{
	unsigned wrong = 0;

	if (text.len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned high = hex_digit(text.ptr[2 * i]), low = hex_digit(text.ptr[2 * i + 1]);

		wrong |= (high | low) >> 8;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return !wrong;
}

static void sum_line(struct blake2s *sum, struct slice line)
{
	blake2s_update(sum, line.ptr, line.len);
	blake2s_update(sum, "\n", 1);
}

/* ---- written ---- */

struct writer {
	void (*line)(void *arg, const char *text);
	void *arg;
	struct blake2s sum;
};

static void write_summed(struct writer *writer, const char *text)
{
	sum_line(&writer->sum, slice_of(text));
	writer->line(writer->arg, text);
}

/* How much at the start of rest can stand in a line as it is: it must not end in a blank. */
static size_t plain_len(struct slice rest)
{
	size_t len = 0;

	while (len < rest.len && len < TEXT_MAX && rest.ptr[len] >= ' ' && rest.ptr[len] <= '~')
		len++;
	while (len && rest.ptr[len - 1] == ' ')
		len--;
	return len;
}

/* The first piece of what is left: how many bytes it took. */
static size_t write_piece(struct writer *writer, struct slice rest)
{
	char line[1 + TEXT_MAX + 1];
	size_t len = plain_len(rest), whole = len < rest.len && rest.ptr[len] == '\n';

	if (!len && !whole) {
		while (len < rest.len && len < HEX_BYTES_MAX && (!len || rest.ptr[len - 1] != '\n'))
			len++;
		line[0] = '=';
		to_hex((const uint8_t *)rest.ptr, len, line + 1);
	} else {
		line[0] = whole ? ':' : '+';
		memcpy(line + 1, rest.ptr, len);
		line[1 + len] = '\0';
		len += whole;
	}
	writer->line(writer->arg, line);
	wipe(line, sizeof(line));
	return len;
}

static void write_file(struct writer *writer, enum conf_file file, const struct conf_text *text)
{
	char line[128], hex[SUM_TEXT_LEN];
	uint8_t sum[PASTE_FILE_SUM_LEN];

	if (!text->present) {
		text_format(line, sizeof(line), "none %s", conf_file_name(file));
		write_summed(writer, line);
		return;
	}
	blake2s(sum, sizeof(sum), text->bytes, text->len, NULL, 0);
	to_hex(sum, sizeof(sum), hex);
	text_format(line, sizeof(line), "file %s %zu %s", conf_file_name(file), text->len, hex);
	write_summed(writer, line);
	blake2s_update(&writer->sum, text->bytes, text->len);
	for (size_t done = 0; done < text->len;)
		done += write_piece(writer, (struct slice){ text->bytes + done, text->len - done });
}

void paste_write(const struct conf_text texts[static CONF_FILES], bool keys, void (*line)(void *arg, const char *text),
		 void *arg)
{
	struct writer writer = { .line = line, .arg = arg };
	char end[64], hex[SUM_TEXT_LEN];
	uint8_t sum[PASTE_SUM_LEN];

	blake2s_init(&writer.sum, sizeof(sum), NULL, 0);
	write_summed(&writer, keys ? MAGIC VERSION " " WITH_KEYS : MAGIC VERSION " " WITHOUT_KEYS);
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		write_file(&writer, file, &texts[file]);
	blake2s_final(&writer.sum, sum);
	to_hex(sum, sizeof(sum), hex);
	text_format(end, sizeof(end), "end %s", hex);
	line(arg, end);
}

/* ---- read ---- */

void paste_init(struct paste *paste)
{
	paste_wipe(paste);
	paste->files[CONF_PRIVATE].text.bytes = paste->private_bytes;
	paste->files[CONF_PUBLIC].text.bytes = paste->public_bytes;
	paste->files[CONF_ENV].text.bytes = paste->env_bytes;
	paste->files[CONF_NETWORK].text.bytes = paste->network_bytes;
	blake2s_init(&paste->sum, PASTE_SUM_LEN, NULL, 0);
}

/* What stands in the line is not repeated: it may be a key. */
static void wrong_line(struct paste *paste, const char *words)
{
	if (!paste->error[0])
		text_format(paste->error, sizeof(paste->error), "line %u of the paste %s", paste->line, words);
}

static void add_bytes(struct paste *paste, const void *bytes, size_t len)
{
	struct paste_file *file = paste->file;

	if (!file) {
		wrong_line(paste, "belongs to no file: the line \"file\" above it is missing or damaged");
		return;
	}
	if (len > file->len - file->text.len) {
		wrong_line(paste, "is more than its file has: a line came twice, or \"file\" is damaged");
		return;
	}
	memcpy(file->text.bytes + file->text.len, bytes, len);
	file->text.len += len;
	blake2s_update(&paste->sum, bytes, len);
}

static void read_hex(struct paste *paste, struct slice hex)
{
	uint8_t bytes[HEX_BYTES_MAX];

	if (hex.len <= sizeof(bytes) * 2 && from_hex(hex, bytes, hex.len / 2))
		add_bytes(paste, bytes, hex.len / 2);
	else
		wrong_line(paste, "is damaged: it has something else than pairs of hexadecimal digits");
	wipe(bytes, sizeof(bytes));
}

static struct paste_file *find_file(struct paste *paste, struct slice name, size_t *limit)
{
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		if (slice_equal(name, conf_file_name(file)) && !paste->files[file].named) {
			*limit = conf_files[file].limit;
			return &paste->files[file];
		}
	return NULL;
}

static void read_file_line(struct paste *paste, struct slice line, bool present)
{
	struct slice rest = line, word, name = { NULL, 0 }, len = { NULL, 0 }, sum = { NULL, 0 };
	struct paste_file *file;
	uint64_t number = 0;
	size_t limit = 0;

	paste->file = NULL;
	slice_word(&rest, &word);
	slice_word(&rest, &name);
	file = find_file(paste, name, &limit);
	if (file && present)
		present = slice_word(&rest, &len) && slice_word(&rest, &sum) && !text_uint(len, limit, &number) &&
			  from_hex(sum, file->sum, sizeof(file->sum));
	else if (file)
		number = SIZE_MAX;
	if (!file || slice_word(&rest, &word) || (!present && number != SIZE_MAX)) {
		wrong_line(paste, "is damaged: no name, length and sum of a file that an export has, or it came twice");
		return;
	}
	sum_line(&paste->sum, line);
	file->named = true;
	file->line = paste->line;
	file->text.present = present;
	file->len = present ? (size_t)number : 0;
	paste->file = present ? file : NULL;
}

static void read_end(struct paste *paste, struct slice line)
{
	uint8_t said[PASTE_SUM_LEN], sum[PASTE_SUM_LEN];
	struct slice hex = { line.ptr + 4, line.len - 4 };

	paste->ended = true;
	blake2s_final(&paste->sum, sum);
	if (!from_hex(hex, said, sizeof(said)))
		wrong_line(paste, "is damaged: no sum behind \"end\"");
	else
		paste->sum_wrong = memcmp(said, sum, sizeof(sum)) != 0;
}

static void read_first(struct paste *paste, struct slice line)
{
	paste->begun = true;
	sum_line(&paste->sum, line);
	paste->keys = slice_equal(line, MAGIC VERSION " " WITH_KEYS);
	if (!paste->keys && !slice_equal(line, MAGIC VERSION " " WITHOUT_KEYS))
		wrong_line(paste, "is damaged, or of a later release: expected " MAGIC VERSION " and " WITH_KEYS " or " WITHOUT_KEYS);
}

static struct slice trim_line(struct slice line)
{
	line = slice_trim(line);
	while (line.len && line.ptr[line.len - 1] == '\r') {
		line.len--;
		line = slice_trim(line);
	}
	return line;
}

bool paste_line(struct paste *paste, struct slice line)
{
	line = trim_line(line);
	paste->line++;
	if (paste->ended || !line.len)
		return paste->ended;
	if (!paste->begun) {
		if (slice_starts(line, MAGIC))
			read_first(paste, line);
		return false;
	}
	if (line.ptr[0] == ':' || line.ptr[0] == '+') {
		add_bytes(paste, line.ptr + 1, line.len - 1);
		if (line.ptr[0] == ':')
			add_bytes(paste, "\n", 1);
	} else if (line.ptr[0] == '=') {
		read_hex(paste, (struct slice){ line.ptr + 1, line.len - 1 });
	} else if (slice_starts(line, "file ")) {
		read_file_line(paste, line, true);
	} else if (slice_starts(line, "none ")) {
		read_file_line(paste, line, false);
	} else if (slice_starts(line, "end ")) {
		read_end(paste, line);
	} else {
		wrong_line(paste, "is none of an export: it was broken in two, or has lost its beginning");
	}
	return paste->ended;
}

void paste_line_too_long(struct paste *paste)
{
	paste->line++;
	if (paste->begun)
		wrong_line(paste, "is longer than any of an export: it and the next came as one");
}

/* The file that is damaged, and the line where that is known. */
static const char *check_file(struct paste *paste, enum conf_file which)
{
	struct paste_file *file = &paste->files[which];
	uint8_t sum[PASTE_FILE_SUM_LEN];
	char line[PASTE_ERROR_LEN];

	if (!file->named || !file->text.present)
		return NULL;
	blake2s(sum, sizeof(sum), file->text.bytes, file->text.len, NULL, 0);
	if (file->text.len == file->len && !memcmp(sum, file->sum, sizeof(sum)))
		return NULL;
	memcpy(line, paste->error, sizeof(line));
	text_format(paste->error, sizeof(paste->error), "%s (from line %u of the paste) is damaged: %zu of %zu bytes came%s%s%s",
		    conf_file_name(which), file->line, file->text.len, file->len,
		    file->text.len == file->len ? ", not as they were" : "", line[0] ? "; " : "", line);
	return paste->error;
}

const char *paste_check(struct paste *paste)
{
	const char *wrong = NULL;

	if (!paste->begun)
		return "there is no export in what came: its first line is \"" MAGIC VERSION " ...\"";
	for (enum conf_file file = 0; !wrong && file < CONF_FILES; file++)
		wrong = check_file(paste, file);
	for (enum conf_file file = 0; !wrong && !paste->error[0] && file < CONF_FILES; file++)
		if (!paste->files[file].named)
			text_format(paste->error, sizeof(paste->error), "%s is missing in the paste", conf_file_name(file));
	if (!wrong && !paste->error[0] && paste->sum_wrong)
		text_format(paste->error, sizeof(paste->error), "the sum in the last line is another: one of the lines \"file\" and "
			    "\"none\", the first or the last is damaged");
	if (!wrong && !paste->error[0] && !paste->ended)
		text_format(paste->error, sizeof(paste->error), "the last line, \"end\" and a sum, is missing");
	return wrong ? wrong : paste->error[0] ? paste->error : NULL;
}

void paste_wipe(struct paste *paste)
{
	wipe(paste, sizeof(*paste));
}
