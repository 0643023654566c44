/* The AF_PACKET socket of a NIC: how one is opened, which takes the right to (CAP_NET_RAW; CAP_NET_ADMIN for its buffers), and what
 * takes none of who holds one. */
#ifndef OUTER_PACKET_SOCKET_H
#define OUTER_PACKET_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Bound to the NIC of that index, each frame with its vnet header; the filter stands before the first frame comes. alone: as
 * struct outer_link has it. fd or -errno. */
int packet_socket_open(uint32_t index, bool alone, uint16_t port);

/* The filter for another port: 0 or -errno. */
int packet_socket_set_port(int fd, bool alone, uint16_t port);

/* False: the device is gone that it was opened on. Another may have its index, its name and its MAC by now. */
bool packet_socket_is_of(int fd, uint32_t index);

#endif
