/* run_fault.c - what goes wrong in a kernel, caught and said in one line with block and thread. */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define ALT_BYTES 65536

noreturn void ogpu_rt_trap(const char *what);

static const struct og_run_plan *plan;
static struct og_run_report *report;
static void (*where)(struct og_run_where *);
static bool precise;

/* Best effort from a signal handler: the process ends here, and only our own code holds no lock. */
static noreturn void finish(int exit, const char *what, bool known)
{
    struct og_run_where at = {{0, 0, 0}, {0, 0, 0}};
    if (where)
        where(&at);
    if (report && report->exit == 0) {
        snprintf(report->text, sizeof report->text, "block (%u,%u,%u) thread (%u,%u,%u): %s",
                 at.block[0], at.block[1], at.block[2], at.thread[0], at.thread[1], at.thread[2],
                 what);
        report->precise = known && precise;
        report->exit = exit;
    }
    _exit(exit);
}

noreturn void og_run_fail(int exit, const char *what)
{
    finish(exit, what, true);
}

noreturn void ogpu_rt_trap(const char *what)
{
    finish(OG_RUN_EXIT_ABORT, what, true);
}

static const char *verb(const void *context)
{
#if defined(__x86_64__)
    const ucontext_t *u = context;
    return u->uc_mcontext.gregs[REG_ERR] & 2 ? "writes" : "reads";
#else
    (void)context;
    return "reads or writes";
#endif
}

static void on_fault(int sig, siginfo_t *si, void *context)
{
    char text[400], buffer[300];
    if (sig == SIGFPE) {
        finish(OG_RUN_EXIT_FAULT, "divides an integer by zero", true);
    } else if (sig == SIGILL) {
        finish(OG_RUN_EXIT_ABORT, "an instruction that this processor does not have", true);
    } else if (sig == SIGABRT) {
        finish(OG_RUN_EXIT_ABORT, "an assertion does not hold", true);
    } else if (og_fiber_overflow(si->si_addr)) {
        finish(OG_RUN_EXIT_FAULT, "the thread's stack is too small", true);
    } else if (og_run_mem_name(plan, si->si_addr, buffer, sizeof buffer)) {
        snprintf(text, sizeof text, "%s %s", verb(context), buffer);
        finish(OG_RUN_EXIT_FAULT, text, true);
    }
    snprintf(text, sizeof text, "%s at an address that belongs to no parameter (%p)", verb(context),
             si->si_addr);
    finish(OG_RUN_EXIT_FAULT, text, true);
}

static void on_alarm(int sig)
{
    (void)sig;
    report->exit = -1; /* the time limit of a part */
    _exit(1);
}

void og_run_fault_open(const struct og_run_plan *p, struct og_run_report *r,
                       void (*fn)(struct og_run_where *), bool is_precise)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    plan = p;
    report = r;
    where = fn;
    precise = is_precise;
    stack_t alt = {.ss_size = ALT_BYTES};
    alt.ss_sp = mmap(NULL, ALT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    if (alt.ss_sp != MAP_FAILED && sigaltstack(&alt, NULL) == 0)
        sa.sa_flags |= SA_ONSTACK;
    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &sa, NULL);
    struct sigaction at = {.sa_handler = on_alarm, .sa_flags = SA_ONSTACK};
    sigemptyset(&at.sa_mask);
    sigaction(SIGALRM, &at, NULL);
}
