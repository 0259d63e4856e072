/* What drivers include as devioctl.h: CTL_CODE and what it takes are in wdm.h. */
#include "wdm.h"
