#include "gateway/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/self.h"
#include "base/servant.h"
#include "base/sockaddr.h"
#include "base/syscalls.h"
#include "base/users.h"
#include "conf/value.h"
#include "conf/vpn.h"

/* A dead name takes getaddrinfo(3) 5 s and more: so many are looked up side by side that some dead ones hold up no other. */
enum { NAMES_BYTES = VPN_PEERS_MAX * VPN_HOST_LEN, LOOKUPS_MAX = 32 };

int lookup_open(void)
{
	int fd = memfd_create("names", MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int lookup_put(int names_fd, const char *host)
{
	size_t len = strlen(host) + 1;
	ssize_t n = write(names_fd, host, len);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOSPC;
}

_Noreturn void lookup_become(int names_fd, int answers_fd)
{
	static const char *const argv[] = { LOOKUP_APPLET, NULL };
	const struct self_fd fds[] = { { names_fd, STDIN_FILENO },
				       { answers_fd, STDOUT_FILENO },
				       { open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO } };

	(void)lseek(names_fd, 0, SEEK_SET);
	self_become(argv, fds, sizeof(fds) / sizeof(fds[0]));
}

/* Several are looked up side by side, by threads: no process is made. */
static const struct syscall_row calls[] = {
	SYSCALLS_NAMES,
	{ .number = SYS_clone, .arg = 1, .mask = CLONE_THREAD, .value = CLONE_THREAD },
	{ .number = SYS_set_robust_list },
};

/* Dies with its parent, and belongs to no one who has anything. A new user id ends the one, so the order matters. */
static int give_up_everything(void)
{
	int err = servant_become(USER_RESOLVER);

	if (err < 0)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	(void)syscalls_only(calls, sizeof(calls) / sizeof(calls[0])); /* names are looked up where that cannot be had, too */
	return 0;
}

/* Whoever asked died before that would have ended us: no one reads the answers. */
static bool is_orphan(void)
{
	struct pollfd answers = { .fd = STDOUT_FILENO };

	return poll(&answers, 1, 0) > 0 && answers.revents & POLLERR;
}

static struct inet_addr addr_of(const struct addrinfo *entry)
{
	struct inet_endpoint endpoint = { .port = 0 };

	(void)sockaddr_to(&endpoint, entry->ai_addr, entry->ai_addrlen);
	return endpoint.addr;
}

static void tell(size_t index, const struct inet_addr *addr)
{
	struct lookup_answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.index = (uint16_t)index;
	answer.addr = *addr;
	if (write(STDOUT_FILENO, &answer, sizeof(answer)) != sizeof(answer))
		_exit(1);
}

static void look_up(size_t index, const char *host)
{
	static const struct inet_addr none;
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct addrinfo *list = NULL;

	if (getaddrinfo(host, NULL, &hints, &list))
		list = NULL;
	for (const struct addrinfo *entry = list; entry; entry = entry->ai_next) {
		struct inet_addr addr = addr_of(entry);

		/* 127.0.1.1 and the like: of a name server's own making, or a box's name in its hosts file. */
		if (addr.family && !value_unusable(&addr, false))
			tell(index, &addr);
	}
	if (list)
		freeaddrinfo(list);
	tell(index, &none);
}

struct names {
	char bytes[NAMES_BYTES];
	const char *host[VPN_PEERS_MAX];
	size_t count;
	atomic_size_t next; /* the first that no thread has taken */
};

static void read_names(struct names *names)
{
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(names->bytes) &&
	       (n = read(STDIN_FILENO, names->bytes + len, sizeof(names->bytes) - len)) > 0)
		len += (size_t)n;
	for (const char *host = names->bytes, *end;
	     names->count < VPN_PEERS_MAX && (end = memchr(host, '\0', len - (size_t)(host - names->bytes)));
	     host = end + 1)
		names->host[names->count++] = host;
}

static void *look_up_some(void *arg)
{
	struct names *names = arg;
	size_t index;

	while ((index = atomic_fetch_add(&names->next, 1)) < names->count)
		if (*names->host[index])
			look_up(index, names->host[index]);
	return NULL;
}

int lookup_main(void)
{
	static struct names names;
	pthread_t threads[LOOKUPS_MAX - 1];
	size_t count = 0;

	if (give_up_everything() < 0)
		_exit(LOOKUP_NO_USER);
	if (is_orphan())
		_exit(1);
	read_names(&names);
	/* This thread is one of them: where no more can be had, it does all. */
	while (count < LOOKUPS_MAX - 1 && count + 1 < names.count &&
	       !pthread_create(&threads[count], NULL, look_up_some, &names))
		count++;
	(void)look_up_some(&names);
	while (count)
		pthread_join(threads[--count], NULL);
	_exit(0); /* not through the leak check of a sanitized build, which would have to trace us */
}
