#include "base/cpu.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <stdint.h>

/* Intel's manual 14.3: the system must save the upper halves too, which OSXSAVE and XCR0 tell. */
bool cpu_has_avx2(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (~c & (bit_OSXSAVE | bit_AVX)))
		return false;

	uint32_t xcr0, xcr0_upper;

	__asm__ volatile("xgetbv" : "=a"(xcr0), "=d"(xcr0_upper) : "c"(0));
	(void)xcr0_upper;
	if (~xcr0 & 6) /* SSE and AVX state */
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && !(~b & (bit_AVX2 | bit_BMI2));
}

#else

bool cpu_has_avx2(void)
{
	return false;
}

#endif
