/* run_main.c - the CUDA runner: see run.h for its command line. */
#include "run.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    static struct og_run_plan plan;
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "cpu") == 0)
        return og_run_plan_read(argc - 2, argv + 2, &plan) ? og_run_cpu(&plan) : OG_RUN_EXIT_DATA;
    if (strcmp(verb, "gpu") == 0)
        return og_run_plan_read(argc - 2, argv + 2, &plan) ? og_run_gpu(&plan) : OG_RUN_EXIT_DATA;
    if (strcmp(verb, "nvrtc") == 0)
        return og_run_nvrtc(argc - 2, argv + 2);
    if (strcmp(verb, "list") == 0)
        return og_run_list();
    if (strcmp(verb, "watch") == 0)
        return og_run_watch(argc - 2, argv + 2);
    fprintf(stderr, "ogpu: the runner does not know '%s'\n", verb);
    return 64;
}
