#define SHAPES shapes_debian
#include "shapes_code.h"
