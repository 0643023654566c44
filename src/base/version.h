/* What this program calls itself. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define GATEWAY_VERSION "0.1.0"
/* An update to this version is taken by that one and newer ones. */
#define GATEWAY_REPLACES "0.1.0"

enum { VERSION_TEXT_LEN = 192 };

/* "MITIGATOR gateway 0.1.0, Linux 6.12.1": dst */
const char *version_text(char dst[static VERSION_TEXT_LEN]);

#endif
