#include "init/button.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define INPUT_DIR "/dev/input"
#define POWER_BUTTON "Power Button\n" /* drivers/acpi/button.c; a keyboard's key is none */

static bool is_power_button(const char *event)
{
	char path[128], name[64];

	text_format(path, sizeof(path), "/sys/class/input/%.32s/device/name", event);
	return file_read(AT_FDCWD, path, name, sizeof(name)) > 0 && !strcmp(name, POWER_BUTTON);
}

static bool is_open(const struct pollfd *fds, unsigned count, int fd)
{
	struct stat one, other;

	for (unsigned i = 0; i < count; i++)
		if (fds[i].fd >= 0 && !fstat(fds[i].fd, &one) && !fstat(fd, &other) && one.st_rdev == other.st_rdev)
			return true;
	return false;
}

unsigned button_open(struct pollfd fds[static BUTTONS_MAX], unsigned count)
{
	DIR *dir = opendir(INPUT_DIR);
	struct dirent *entry;

	while (dir && count < BUTTONS_MAX && (entry = readdir(dir)) != NULL) {
		int fd;

		if (strncmp(entry->d_name, "event", 5) != 0 || !is_power_button(entry->d_name))
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && is_open(fds, count, fd))
			close(fd);
		else if (fd >= 0)
			fds[count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	if (dir)
		closedir(dir);
	return count;
}

bool button_pressed(struct pollfd *button)
{
	struct input_event event;
	bool pressed = false;

	while (read(button->fd, &event, sizeof(event)) == sizeof(event))
		pressed = pressed || (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1);
	if (button->revents & (POLLERR | POLLHUP)) {
		close(button->fd);
		button->fd = -1;
	}
	return pressed;
}
