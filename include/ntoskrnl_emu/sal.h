/* What drivers include as sal.h: annotations. */
#include "annotations.h"
