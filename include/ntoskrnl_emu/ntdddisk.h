/* What drivers include as ntdddisk.h, of disks: one with its neighbours. */
#include "storage/all.h"
