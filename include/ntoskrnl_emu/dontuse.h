/* Names that drivers are told not to use. Here they are as good as ever. */
#ifndef NTOSKRNL_EMU_DONTUSE_H
#define NTOSKRNL_EMU_DONTUSE_H
#endif
