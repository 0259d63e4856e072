/* What drivers include as driverspecs.h: annotations. */
#include "annotations.h"
