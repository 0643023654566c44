/* What this program calls itself. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define GATEWAY_VERSION "0.1.0"

#endif
