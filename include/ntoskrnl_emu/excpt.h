/* What drivers include as excpt.h: the words of exceptions are in ntdef.h. */
#include "ntdef.h"
