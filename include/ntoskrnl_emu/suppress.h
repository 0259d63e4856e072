/* Numbers of warnings of an analyser that this compiler is not. */
#ifndef NTOSKRNL_EMU_SUPPRESS_H
#define NTOSKRNL_EMU_SUPPRESS_H
#endif
