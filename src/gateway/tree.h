/* What a path is and does, as the tree that report/ prints. */
#ifndef GATEWAY_TREE_H
#define GATEWAY_TREE_H

#include "gateway/service.h"
#include "report/tree.h"

enum path_state { PATH_UP, PATH_STARTING, PATH_IDLE, PATH_DEGRADED, PATH_DOWN };

bool tree_is_silent(const struct service *service); /* what carries the path did not answer when it was asked last */
enum path_state tree_state(const struct service *service);
const char *tree_state_words(enum path_state state);
const char *tree_reason(const struct service *service); /* of that: why it is down, or not as configured; "" */
const char *tree_source_words(enum service_source source);

/* The path itself. running: a dump of it, or NULL when it is down. */
void tree_fill_path(struct report_tree *tree, const struct service *service, const struct tunnel_config *running);
/* One peer of running, to the root. */
void tree_add_peer(struct report_tree *tree, struct service *service, const struct tunnel_config *running,
		   const struct tunnel_peer *peer, int64_t now_s, uint64_t now_ns);

#endif
