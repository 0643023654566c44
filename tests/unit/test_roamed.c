/* gateway/roamed: where the peers were, from one process to the next. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "gateway/roamed.h"

static char dir[32], path[64], fresh[64];
static struct tunnel_config peers, found;

static void begin(void)
{
	strcpy(dir, "/tmp/roamed.XXXXXX");
	if (!mkdtemp(dir))
		abort();
	text_format(path, sizeof(path), "%s/endpoints", dir);
	text_format(fresh, sizeof(fresh), "%s.new", path);
	tunnel_config_clear(&peers);
	peers.peer_count = 3;
	for (size_t i = 0; i < 3; i++)
		peers.peers[i].public_key[0] = (uint8_t)(1 + i);
	peers.peers[0].endpoint = (struct inet_endpoint){ .addr = { AF_INET, { 192, 0, 2, 77 } }, .port = 4567 };
	peers.peers[2].endpoint = (struct inet_endpoint){ .addr = { AF_INET6, { 0xfe, 0x80, [15] = 7 } }, .port = 4568, .scope_id = 3 };
}

static void end(void)
{
	unlink(path);
	unlink(fresh);
	rmdir(dir);
}

TEST(roamed_endpoints_come_back_as_they_were)
{
	begin();
	roamed_read(path, &found);
	CHECK_INT(found.peer_count, 0);
	CHECK_INT(roamed_write(path, &peers), 0);
	roamed_read(path, &found);
	CHECK_INT(found.peer_count, 2); /* the second has none */
	for (size_t i = 0; i < 2; i++) {
		CHECK_MEM(found.peers[i].public_key, peers.peers[2 * i].public_key, sizeof(found.peers[i].public_key));
		CHECK(inet_endpoint_equal(&found.peers[i].endpoint, &peers.peers[2 * i].endpoint));
	}
	end();
}

TEST(roamed_line_that_is_damaged_is_left_out)
{
	static const char lines[] = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 192.0.2.1 70000 0\nnonsense\n\n"
				    "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 192.0.2.1 1 0\n"
				    "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 192.0.2.1 2";
	FILE *file;

	begin();
	file = fopen(path, "w");
	CHECK(file && fputs(lines, file) >= 0 && fclose(file) == 0);
	roamed_read(path, &found);
	CHECK_INT(found.peer_count, 1);
	CHECK_INT(found.peers[0].endpoint.port, 1);
	end();
}

TEST(roamed_file_is_not_one_that_someone_holds_open)
{
	char target[64], byte;
	struct stat st;
	int held;

	begin();
	peers.peers[0].endpoint.port++; /* or nothing is new to the one who writes */
	held = open(fresh, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	CHECK(held >= 0);
	CHECK_INT(roamed_write(path, &peers), 0);
	CHECK_INT(pread(held, &byte, 1, 0), 0);
	CHECK(stat(path, &st) == 0 && st.st_size > 0 && (st.st_mode & 0777) == 0600);
	close(held);

	text_format(target, sizeof(target), "%s/target", dir);
	CHECK_INT(symlink(target, fresh), 0);
	peers.peers[0].endpoint.port++;
	CHECK_INT(roamed_write(path, &peers), 0);
	CHECK(access(target, F_OK) < 0 && lstat(path, &st) == 0 && S_ISREG(st.st_mode));
	end();
}
