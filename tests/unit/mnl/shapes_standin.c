#include "netlink/mnl/prefix.h"
#define SHAPES shapes_standin
#include "shapes_code.h"
