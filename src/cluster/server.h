/* Answers peers at the cluster's port (cluster/exchange.h). What comes from the network is read by an image of its own, as a user of its
 * own, that opens no file. So many at once, one of an address, each within its time and at its rate; a peer may have many addresses, so
 * that when others wait, who has been here for its turn goes, and asks for the rest. */
#ifndef CLUSTER_SERVER_H
#define CLUSTER_SERVER_H

#define CLUSTER_APPLET "cluster"

enum {
	CLUSTER_CLIENTS_MAX = 8,      /* more wait until one is done, or has had its turn */
	CLUSTER_TURN_S = 60,          /* for which a place is safe, however many wait: they wait longer (FETCH_ANSWER_S) */
	CLUSTER_ASK_S = 10,           /* to ask in */
	CLUSTER_STALL_S = 30,         /* without a byte taken */
	CLUSTER_LIFE_S = 4 * 3600,    /* at most, whatever is taken */
	CLUSTER_RATE = 4 << 20,       /* bytes a second to each */
	CLUSTER_KEPT_S = 60,          /* the bundle stays in memory behind the last client */
};

/* The applet: argv[1] is the VPN network, as ADDRESS/LENGTH with this instance's address; standard input a socket that listens. */
int cluster_main(int argc, char **argv);

#endif
