/* What drivers include as mountdev.h, of mounted devices: one with its neighbours. */
#include "storage/all.h"
