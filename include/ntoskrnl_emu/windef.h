/* What drivers include as windef.h: the basic types of ntdef.h. */
#include "ntdef.h"
