/* vm_run.c - the interpreter, for every processor; see vm_run_body.h. */
#include "vm/vm_int.h"

#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wpedantic" /* labels as values */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Woverride-init" /* of the table of labels */
#else
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif
#endif

#define OG_VM_RUN    og_vm_interpret
#define OG_VM_TRACED 0
#include "vm/vm_run_body.h"
