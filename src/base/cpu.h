/* What the processor that we run on has, and this system lets programs use. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stdbool.h>

bool cpu_has_avx2(void); /* and BMI2, which is as old */

#endif
