/* The process that hands the metrics to Prometheus over HTTP. What comes from the network is read by an image of its own that has
 * no key and no capability: it may ask the services, as a command does, and nothing else. */
#ifndef GATEWAY_EXPORTER_H
#define GATEWAY_EXPORTER_H

#define EXPORTER_APPLET "exporter"

enum { EXPORTER_PORT = 9586 };

/* The applet: argv[1] is the services' run directory, standard input a socket that listens. */
int exporter_main(int argc, char **argv);

#endif
