#include "gateway/admission.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "gateway/exporter.h"
#include "network/filter.h"
#include "network/filter_inside.h"

static void let_in(struct admission *admission, bool alone)
{
	int err = filter_let_in(admission->path, admission->port, admission->device, alone);
	bool was_wrong = admission->trouble[0];

	if (err >= 0) {
		admission->filtered = err;
		if (was_wrong)
			log_info("over: %s", admission->trouble);
		admission->trouble[0] = '\0';
		return;
	}
	text_format(admission->trouble, sizeof(admission->trouble), "the host's filter may drop what comes to port %u: nf_tables: %s",
		    admission->port, strerror(-err));
	if (!was_wrong)
		log_err("%s", admission->trouble);
}

void admission_widen(struct admission *admission, const char *path, uint16_t port, const char *device)
{
	admission->path = path;
	admission->port = port;
	text_format(admission->device, sizeof(admission->device), "%s", device);
	let_in(admission, false);
}

void admission_settle(struct admission *admission)
{
	let_in(admission, true);
}

bool admission_mend(struct admission *admission)
{
	bool was_filtered = admission->filtered;

	if (admission->path)
		let_in(admission, false);
	return admission->filtered && !was_filtered;
}

void admission_inside(struct admission *admission, int netns_fd, const char *device, const struct env_conf *env)
{
	struct filter_inside wanted = { .netns_fd = netns_fd, .device = device };
	bool filters = env->filter == ENV_FILTER_ON && env->open_limited;
	uint16_t ports[ENV_OPEN_MAX + 2];
	int err;

	memcpy(ports, env->open_ports, sizeof(env->open_ports));
	wanted.ports = ports;
	wanted.port_count = env->open_count;
	wanted.serves_time = env->ntp != ENV_NTP_OFF;
	/* Whoever wants something served wants it reached. */
	if (env->metrics)
		ports[wanted.port_count++] = EXPORTER_PORT;
	if (env_answers_peers(env, log_is_kernels()))
		ports[wanted.port_count++] = env->cluster_port;
	err = !admission->filtered ? 0 : filters ? filter_inside_put(&wanted) : filter_inside_remove(netns_fd);
	if (err < 0)
		log_err("the filter behind the tunnel cannot be %s: nf_tables: %s", filters ? "put up" : "taken off", strerror(-err));
}

void admission_leave(struct admission *admission, int netns_fd)
{
	if (admission->filtered && netns_fd >= 0)
		(void)filter_inside_remove(netns_fd);
}

void admission_end(struct admission *admission)
{
	if (admission->path)
		(void)filter_let_in(admission->path, 0, "", true);
	*admission = (struct admission){ 0 };
}
