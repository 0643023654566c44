/* `gateway view FILE [LINE]`: a file as it stands, with what `check` says of it. */
#ifndef GATEWAY_VIEW_H
#define GATEWAY_VIEW_H

int view_main(int argc, char **argv);

#endif
