/* main.c - ogpu-worker: runs the jobs that are leased to the nodes of this machine. */
#include "worker.h"

#include "base/base_log.h"
#include "base/base_mem.h"

#include <stdlib.h>

#define AT(member) offsetof(struct worker_options, member)

static const char *const sandboxes[] = {"bwrap", "none", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const backends[] = {"local", "slurm", NULL};
static const char *const cudas[] = {"auto", "cpu", "gpu", "none", NULL};

const char *const worker_rules[WORKER_RULES] = {
    "activity", "alone",  "grace",   "held",      "held-then",
    "hours",    "idle",   "leave",   "max-power", "max-temperature",
    "min-rate", "output", "scratch", "share",     "submitters"};
#define RULE(i, n, a, text)                                                                        \
    {                                                                                              \
        .name = n, .kind = OG_OPT_STR, .at = AT(rule[i]), .arg = a, .help = text                   \
    }

static const struct og_opt opts[] = {
    {.name = "once",
     .letter = '1',
     .kind = OG_OPT_FLAG,
     .at = AT(once),
     .help = "work until nothing more can be done now; reads no stdin"},
    {.name = "watch",
     .letter = 'w',
     .kind = OG_OPT_FLAG,
     .at = AT(watch),
     .help = "work until SIGTERM; reads no stdin"},
    {.name = "drain",
     .kind = OG_OPT_FLAG,
     .at = AT(drain),
     .help = "let the workers of these nodes finish and end, give back what has not started"},
    {.name = "pause",
     .kind = OG_OPT_FLAG,
     .at = AT(pause),
     .help = "these nodes take nothing more until --resume; what runs goes on"},
    {.name = "resume", .kind = OG_OPT_FLAG, .at = AT(resume), .help = "end --pause or --give-back"},
    {.name = "give-back",
     .kind = OG_OPT_FLAG,
     .at = AT(give_back),
     .help = "pause, and give back at once what runs; waits until it is so"},
    {.name = "gpu",
     .kind = OG_OPT_U64,
     .at = AT(gpu),
     .arg = "N",
     .max = 63,
     .help = "pause, resume or give back GPU N alone"},
    {.name = "key",
     .letter = 'k',
     .kind = OG_OPT_LIST,
     .at = AT(keys),
     .arg = "NAME",
     .help = "work for the node of this key; may be repeated (default: all node keys here)"},
    {.name = "passphrase-file",
     .kind = OG_OPT_STR,
     .at = AT(passphrase_file),
     .arg = "FILE",
     .help = "take the passphrase of the keys from the first line of FILE",
     .complete = "file"},
    {.name = "slots",
     .kind = OG_OPT_U64,
     .at = AT(slots),
     .arg = "N",
     .min = 1,
     .max = 4096,
     .help = "run at most N leases at once (default: all slots of the nodes)"},
    {.name = "threads",
     .kind = OG_OPT_U64,
     .at = AT(threads),
     .arg = "N",
     .min = 1,
     .max = 4096,
     .help = "give no job more than N cores"},
    {.name = "sandbox",
     .kind = OG_OPT_ENUM,
     .at = AT(sandbox),
     .arg = "KIND",
     .choices = sandboxes,
     .help = "bwrap, or none: then only jobs of the node's own owner are run"},
    {.name = "classes",
     .kind = OG_OPT_STR,
     .at = AT(classes),
     .arg = "LIST",
     .help = "take only these: program, kernel, cuda; and, when named, network, gpu"},
    {.name = "config",
     .kind = OG_OPT_STR,
     .at = AT(config),
     .arg = "FILE",
     .complete = "file",
     .help = "what the owner allows is in FILE instead of worker.conf"},
    RULE(0, "activity", "LIST", "files whose times show that somebody uses the machine"),
    RULE(1, "alone", "WORD", "yes: work while no other process computes on the GPU"),
    RULE(2, "grace", "TIME", "between the signal to end and the kill; 10s"),
    RULE(3, "held", "TIME", "a lease that computes nothing for so long is told of"),
    RULE(4, "held-then", "WORD", "warn, or give-back such a lease"),
    RULE(5, "hours", "LIST", "work in these hours, such as 'Mo-Fr 18:00-08:00, Sa-Su'"),
    RULE(6, "idle", "TIME", "work when nobody used the machine for so long"),
    RULE(7, "leave", "WORD", "finish or give-back what runs when work must stop"),
    RULE(8, "max-power", "WATT", "work while a GPU draws no more than that"),
    RULE(9, "max-temperature", "DEGREES", "work while a GPU is no hotter than that"),
    RULE(10, "min-rate", "OGPU", "lowest price for 10^9 MFLOP"),
    RULE(11, "output", "SIZE", "of a stream and of all outputs of a job; 1GiB"),
    RULE(12, "scratch", "SIZE", "that a job's folder may hold; 4 outputs and 64MiB"),
    RULE(13, "share", "PART", "of the processor time and of a GPU that work may take"),
    RULE(14, "submitters", "LIST", "take work of these addresses only, or of 'own'"),
    {.name = "cuda",
     .kind = OG_OPT_ENUM,
     .at = AT(cuda),
     .arg = "WHERE",
     .choices = cudas,
     .help = "run CUDA kernels on the gpu, the cpu, auto (gpu, else cpu), or none"},
    {.name = "backend",
     .kind = OG_OPT_ENUM,
     .at = AT(backend),
     .arg = "KIND",
     .choices = backends,
     .help = "run jobs here (local) or on the cluster that this machine submits to (slurm)"},
    {.name = "partition",
     .kind = OG_OPT_LIST,
     .at = AT(partitions),
     .arg = "NAME",
     .help = "of the cluster; may be repeated: the first that fits a job (default: all)"},
    {.name = "cluster-dir",
     .kind = OG_OPT_STR,
     .at = AT(cluster_dir),
     .arg = "DIR",
     .help = "folder that the cluster's nodes share (default: slurm in the state)",
     .complete = "dir"},
    {.name = "capacity",
     .kind = OG_OPT_BYTES,
     .at = AT(capacity_bytes),
     .arg = "BYTES",
     .min = 1,
     .help = "take part in capacity windows, with so much memory filled"},
    {.name = "exec",
     .kind = OG_OPT_STR,
     .at = AT(exec),
     .arg = "DIR",
     .help = "run the job that lies in DIR, as a node of the cluster does",
     .complete = "dir"},
    {.name = "devices",
     .kind = OG_OPT_FLAG,
     .at = AT(devices),
     .help = "list the GPUs and the CPU of this machine and end"},
    {.name = "log-format",
     .kind = OG_OPT_ENUM,
     .at = AT(log_format),
     .arg = "FORMAT",
     .choices = log_formats,
     .help = "messages on stderr as text or json"},
};

static const struct og_tool tool = {
    .name = "ogpu-worker",
    .summary = "run jobs on the nodes of this machine",
    .synopsis = "[OPTIONS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof opts[0],
    .has_human = true,
    .has_now = true,
};

static enum og_rc check(const struct worker_options *o, struct og_err *err)
{
    int control = o->pause + o->resume + o->give_back;
    if (o->once + o->watch + o->drain + o->devices + control > 1)
        return og_err_set(err, OG_E_USAGE,
                          control ? "--once, --watch, --drain, --devices, --pause, --resume and "
                                    "--give-back exclude each other"
                                  : "--once, --watch, --drain and --devices exclude each other");
    if (o->gpu != WORKER_NO_GPU && !control)
        return og_err_set(err, OG_E_USAGE, "--gpu goes with --pause, --resume and --give-back");
    if (o->exec && (o->once || o->watch || o->drain || o->devices || control))
        return og_err_set(err, OG_E_USAGE, "--exec goes alone");
    if ((o->partitions.n || o->cluster_dir) && o->backend == 0)
        return og_err_set(err, OG_E_USAGE, "--partition and --cluster-dir go with --backend slurm");
    if (o->common.human && !o->devices)
        return og_err_set(err, OG_E_USAGE, "-H goes with --devices");
    return OG_OK;
}

static enum og_rc run(const struct worker_options *o, struct og_err *err)
{
    enum og_rc rc = check(o, err);
    if (rc == OG_OK && o->exec)
        return worker_exec(o, err);
    if (rc != OG_OK || o->devices)
        return rc == OG_OK ? worker_devices(o, err) : rc;
    struct worker *w = og_xcalloc(1, sizeof *w);
    if (o->log_format == 1)
        og_log_setup(tool.name, og_log_get_level(), true);
    bool tell = o->pause || o->resume || o->give_back;
    if (rc == OG_OK && (o->drain || tell))
        rc = worker_tell_others(o, err);
    if (rc == OG_OK && tell) {
        free(w);
        return OG_OK;
    }
    if (rc == OG_OK)
        rc = worker_open(o, w, err);
    if (rc == OG_OK)
        rc = worker_loop(w, err);
    worker_close(w);
    free(w);
    return rc;
}

int main(int argc, char **argv)
{
    struct worker_options o = {.gpu = WORKER_NO_GPU};
    struct og_err err = {0};
    int first;
    bool done = false;
    og_cli_stop_signals();
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "'%s' is not wanted: ogpu-worker takes no operands",
                        argv[first]);
    if (rc == OG_OK && !done)
        rc = run(&o, &err);
    og_cli_release(&tool, &o);
    return og_cli_exit(&tool, rc, &err);
}
