/* `gateway export` and `gateway import`: the whole configuration as one text. */
#ifndef GATEWAY_TRANSFER_H
#define GATEWAY_TRANSFER_H

int export_main(int argc, char **argv);
int import_main(int argc, char **argv);

#endif
