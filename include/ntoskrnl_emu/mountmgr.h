/* What drivers include as mountmgr.h, of the mount manager: one with its neighbours. */
#include "storage/all.h"
