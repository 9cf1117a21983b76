/* run_watch.c - what NVML tells of the GPUs, again and again, until nobody reads it. */
#include "run.h"
#include "run_cu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROCS_MAX 64

/* nvmlProcessInfo_v2_t: what versions 2 and 3 of the calls fill. */
struct process {
    unsigned pid;
    unsigned long long bytes; /* all ones: not known */
    unsigned gpu_instance, compute_instance;
};

static void say(const char *key, uint64_t v)
{
    printf("%s %" PRIu64 "\n", key, v);
}

static void say_processes(const struct og_cu_nvml *m, void *dev)
{
    struct process p[PROCS_MAX];
    unsigned n = PROCS_MAX;
    int (*ask)(void *, unsigned *, void *) = m->processes3 ? m->processes3 : m->processes2;
    if (!ask || ask(dev, &n, p) != 0)
        return;
    for (unsigned i = 0; i < n && i < PROCS_MAX; i++)
        printf("process %u %llu\n", p[i].pid, p[i].bytes == ~0ull ? 0 : p[i].bytes);
}

static void say_gpu(const struct og_cu_nvml *m, unsigned i)
{
    unsigned a = 0, rates[2];
    uint64_t memory[3];
    char uuid[128] = "";
    void *dev = NULL;
    if (m->handle(i, &dev) != 0 || m->uuid(dev, uuid, sizeof uuid) != 0)
        return;
    say("gpu", i);
    uuid[strcspn(uuid, "\n")] = '\0';
    printf("uuid %s\n", uuid);
    if (m->memory(dev, memory) == 0) {
        say("mem", memory[0]);
        say("mem_used", memory[2]);
    }
    if (m->temperature && m->temperature(dev, 0, &a) == 0)
        say("temperature", a);
    if (m->power && m->power(dev, &a) == 0)
        say("power_mw", a);
    if (m->utilization && m->utilization(dev, rates) == 0)
        say("busy", rates[0]);
    say_processes(m, dev);
}

int og_run_watch(int n, char **args)
{
    struct og_cu_nvml m;
    char why[OG_CU_WHY_MAX] = "";
    long ms = n == 1 ? strtol(args[0], NULL, 10) : 0;
    if (ms < 50 || ms > 3600000)
        return OG_RUN_EXIT_DATA;
    if (!og_cu_open_nvml(&m, why) || m.init() != 0) {
        printf("no_nvml %s\nend 0\n", why[0] ? why : "NVML does not start");
        return fflush(stdout) == 0 ? 0 : OG_RUN_EXIT_SYSTEM;
    }
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    for (uint64_t tick = 0;; tick++) {
        unsigned count = 0;
        if (m.count(&count) != 0)
            count = 0;
        for (unsigned i = 0; i < count; i++)
            say_gpu(&m, i);
        say("end", tick);
        if (fflush(stdout) != 0)
            return OG_RUN_EXIT_SYSTEM;
        nanosleep(&pause, NULL);
    }
}
