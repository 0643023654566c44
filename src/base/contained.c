#include "base/contained.h"

#include <stdlib.h>
#include <unistd.h>

bool contained(void)
{
	static bool is_child_of_first; /* first_process forks: its child is still what the container was started for */
	const char *named = getenv("container");

	is_child_of_first = is_child_of_first || getpid() == 1;
	return is_child_of_first || (named && *named);
}
