/* `gateway key`: the key of this instance, made here and never shown. */
#ifndef GATEWAY_KEY_H
#define GATEWAY_KEY_H

int key_main(int argc, char **argv);

#endif
