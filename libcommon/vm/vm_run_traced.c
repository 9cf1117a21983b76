/* vm_run_traced.c - the interpreter that tells every step; see vm_run_body.h. */
#include "vm/vm_int.h"

#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wpedantic"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Woverride-init"
#else
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif
#endif

#define OG_VM_RUN    og_vm_interpret_traced
#define OG_VM_TRACED 1
#include "vm/vm_run_body.h"
