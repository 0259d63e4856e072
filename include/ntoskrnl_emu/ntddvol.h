/* What drivers include as ntddvol.h, of volumes: one with its neighbours. */
#include "storage/all.h"
