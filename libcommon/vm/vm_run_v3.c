/* vm_run_v3.c - the interpreter compiled for x86-64-v3 (mulx, andn, shlx, movbe); see
 * vm_run_body.h. */
#if defined __x86_64__ && defined __GNUC__ && !defined __clang__ && !defined OG_PORTABLE
#pragma GCC target("avx2,bmi,bmi2,fma,lzcnt,movbe,popcnt")
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Woverride-init"
#include "vm/vm_int.h"
#define OG_VM_RUN    og_vm_interpret_v3
#define OG_VM_TRACED 0
#include "vm/vm_run_body.h"
#else
#include "vm/vm_int.h"

enum og_vm_exit og_vm_interpret_v3(struct og_vm_frame *f)
{
    return og_vm_interpret(f);
}
#endif
