/* exec_hwclass.h - the name of this machine's class, from a fixed table. */
#ifndef OG_EXEC_HWCLASS_H
#define OG_EXEC_HWCLASS_H

/* "cpu-x86-64-v1" .. "-v4" by ISA level, "cpu-aarch64", else "cpu-other". */
void og_hw_class(char out[32]);

#endif
