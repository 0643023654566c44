#include "init/rtc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define RTC "/dev/rtc0"
#define RTC_SECONDS "/sys/class/rtc/rtc0/since_epoch"

int rtc_read(int64_t *s)
{
	char text[32];
	ssize_t n = file_read(AT_FDCWD, RTC_SECONDS, text, sizeof(text));
	uint64_t read_s = 0;
	int err = n < 0 ? (int)n : text_uint((struct slice){ text, strcspn(text, "\n") }, INT64_MAX, &read_s);

	*s = (int64_t)read_s;
	return err;
}

int rtc_write(int64_t s)
{
	const time_t time_s = s;
	struct rtc_time rtc;
	struct tm tm;
	int fd, err = 0;

	if (!gmtime_r(&time_s, &tm))
		return -EOVERFLOW;
	rtc = (struct rtc_time){ .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday,
				 .tm_hour = tm.tm_hour, .tm_min = tm.tm_min, .tm_sec = tm.tm_sec };
	fd = open(RTC, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, RTC_SET_TIME, &rtc) < 0)
		err = -errno;
	close(fd);
	return err;
}
