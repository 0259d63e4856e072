/* What drivers include as specstrings.h: annotations. */
#include "annotations.h"
