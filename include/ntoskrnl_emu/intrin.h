/* What drivers include as intrin.h: the intrinsic routines are in wdm.h. */
#include "wdm.h"
