#include "control/control.h"

#include <errno.h>
#include <stdio.h>

int control_path(char dst[static CONTROL_PATH_LEN], const char *dir, const char *name)
{
	return snprintf(dst, CONTROL_PATH_LEN, "%s/%s.sock", dir, name) >= CONTROL_PATH_LEN ? -ENAMETOOLONG : 0;
}
