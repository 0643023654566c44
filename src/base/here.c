#include "base/here.h"

#include <string.h>
#include <unistd.h>

#include "base/contained.h"
#include "base/paths.h"

bool here_is_appliance(void)
{
	return access(BOARD_FILE, F_OK) == 0;
}

const char *here_program(void)
{
	return here_is_appliance() ? "" : NAME_MANAGEMENT " ";
}

const char *here_service(const char *name)
{
	if (here_is_appliance() || contained())
		return "";
	return strcmp(name, NAME_DATAPLANE) != 0 ? NAME_MANAGEMENT " " : NAME_DATAPLANE " ";
}

const char *here_reconfigure(void)
{
	if (here_is_appliance() || contained())
		return "reconfigure";
	return NAME_MANAGEMENT " reconfigure` and `" NAME_DATAPLANE " reconfigure";
}
