/* From here on DEFINE_GUID defines identifiers, and does not only declare them. */
#ifndef INITGUID
#define INITGUID
#endif
#include "guiddef.h"
