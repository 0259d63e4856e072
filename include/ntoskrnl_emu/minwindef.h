/* What drivers include as minwindef.h: the basic types of ntdef.h. */
#include "ntdef.h"
