/* base/servant: what a process is left with that reads what strangers wrote. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/servant.h"
#include "base/text.h"

enum { UNAVAILABLE = 77 };

/* It may connect to what listens there, and read no file beside it: 0, or what was wrong. */
static int live(const struct sockaddr_un *addr, const char *file)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), err;

	if (access(file, R_OK) < 0 || servant_give_up() < 0)
		return 1;
	err = servant_open_nothing();
	if (err == -ENOSYS || err == -EOPNOTSUPP)
		return UNAVAILABLE;
	if (err < 0)
		return 2;
	if (open(file, O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return 3;
	if (open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 || unlink(file) == 0)
		return 4;
	return connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? 5 : 0;
}

TEST(servant_reads_no_file_and_still_asks_the_services)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/servant.XXXXXX", file[64];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), key, status = -1;
	pid_t pid;

	CHECK(mkdtemp(dir) != NULL);
	text_format(addr.sun_path, sizeof(addr.sun_path), "%s/socket", dir);
	text_format(file, sizeof(file), "%s/vpn-private.conf", dir);
	key = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(key >= 0 && bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0 && listen(fd, 1) == 0);
	pid = fork();
	if (!pid)
		_exit(live(&addr, file));
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == UNAVAILABLE)
		test_skip("this kernel has no Landlock");
	else
		CHECK_INT(WEXITSTATUS(status), 0);
	close(key);
	close(fd);
	CHECK_INT(unlink(file), 0);
	CHECK_INT(unlink(addr.sun_path), 0);
	CHECK_INT(rmdir(dir), 0);
}
