/* Files that even root may not open, as where a container took its capabilities away. */
#ifndef BASE_DENIED_H
#define BASE_DENIED_H

/* What stands behind "Permission denied" for an operator to do about it; "" where err (an errno) or the capabilities are others. */
const char *denied_hint(int err);

#endif
