/* What drivers include as ntddstor.h, of storage devices: one with its neighbours. */
#include "storage/all.h"
