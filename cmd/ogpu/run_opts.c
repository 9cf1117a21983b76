/* run_opts.c - the options of `ogpu run`: its own and those of ogpu-submit, which it hands on. */
#include "base/base_mem.h"
#include "run.h"

#include <string.h>

#define AT(member) offsetof(struct run_options, member)
#define OWN        6 /* so many at the head of the table are ours, not handed on */

static const char *const methods[] = {"own", "exact", "vote", "cmd", "accept", "auto", NULL};
static const char *const sandboxes[] = {"bwrap", "none", NULL};

/* clang-format off */
#define OPT(n, k, m, ...) {.name = n, .kind = OG_OPT_##k, .at = AT(m), __VA_ARGS__}
static const struct og_opt opts[] = {
    OPT("dir", STR, dir, .arg = "DIR", .complete = "dir",
        .help = "where outputs are put (default: here)"),
    OPT("follow", FLAG, flag, .help = "as always: what the program prints is shown as it comes"),
    OPT("force", FLAG, force, .help = "outputs replace files that are there"),
    OPT("node", LIST, nodes, .arg = "NAME",
        .help = "key of a node that works on it here (default: all node keys here)"),
    OPT("slots", U64, slots, .arg = "N", .min = 1, .max = 4096,
        .help = "work on at most N leases at once (default: all slots)"),
    OPT("wait", FLAG, flag, .help = "as always: the end is waited for"),
    /* the rest as in ogpu-submit, which reads them; tests/e2e/run.bats compares the tables */
    OPT("after", LIST, list, .arg = "TASK",
        .help = "start when TASK (number or name, :ok|:any|:fail) ended"),
    OPT("arg", LIST, list, .arg = "K=V", .help = "an argument of the kernel"),
    OPT("array", STR, array, .arg = "A-B",
        .help = "one element for each number, seen as OGPU_INDEX"),
    OPT("block", STR, text, .arg = "X,Y,Z", .help = "threads of a block of --cuda"),
    OPT("check", STR, text, .arg = "CMD",
        .help = "verify results by this shell command over the outputs"),
    OPT("check-limit", DURATION, number, .arg = "TIME", .help = "time the check may take"),
    OPT("chunk", U64, number, .arg = "N", .help = "elements that go to a node at once"),
    OPT("cores", U64, number, .arg = "N", .help = "processor cores an element needs"),
    OPT("cuda", STR, cuda, .arg = "FILE", .complete = "file",
        .help = "run a kernel of this CUDA source instead of a program"),
    OPT("deadline", DURATION, number, .arg = "TIME",
        .help = "from now; a wish that moves the task forward"),
    OPT("dry-run", FLAG, dry_run, .help = "print what would be sent and the escrow; send nothing"),
    OPT("entry", STR, text, .arg = "NAME", .help = "the kernel of --cuda"),
    OPT("env", LIST, list, .arg = "K=V", .help = "an environment variable of the job"),
    OPT("expires", DURATION, number, .arg = "TIME",
        .help = "give up when not matched by then; 7d by default"),
    OPT("gpu", PPM, number, .arg = "SHARE", .help = "share of a GPU an element needs"),
    OPT("grid", STR, text, .arg = "X,Y,Z", .help = "blocks of the grid of --cuda"),
    OPT("in", LIST, list, .arg = "FILE", .complete = "file",
        .help = "an input file, or PATH=URL with --sha256"),
    OPT("kernel", STR, kernel, .arg = "NAME",
        .help = "run a built-in kernel instead of a program"),
    OPT("key", STR, key, .arg = "NAME", .help = "sign with this key; \"default\" by default"),
    OPT("limit", DURATION, number, .arg = "TIME",
        .help = "time an element may take; 10m by default"),
    OPT("mem", BYTES, number, .arg = "SIZE", .help = "memory an element needs"),
    OPT("name", STR, text, .arg = "NAME", .help = "name of the task"),
    OPT("network", FLAG, flag,
        .help = "the program needs the network; only nodes that allow it"),
    OPT("nodes", U64, number, .arg = "N",
        .help = "run the program on N nodes of a cluster at once, MPI for one"),
    OPT("out", LIST, out, .arg = "PATH", .help = "an output file of the job"),
    OPT("param", LIST, param, .arg = "PARAM",
        .help = "a parameter of the kernel of --cuda, in their order"),
    OPT("parts", U64, number, .arg = "N",
        .help = "the blocks are independent: each Nth of the grid is an element"),
    OPT("passphrase-file", STR, passphrase_file, .arg = "FILE", .complete = "file",
        .help = "first line is the key's passphrase"),
    OPT("price", AMOUNT, number, .arg = "OGPU", .help = "most that an element may cost"),
    OPT("retry", U64, number, .arg = "N", .help = "attempts after the first; 2 by default"),
    OPT("root", STR, text, .arg = "IMAGE", .complete = "file",
        .help = "a folder or tar archive that the program sees as its system"),
    OPT("samples", U64, number, .arg = "N", .help = "elements an exact check repeats; 0: all"),
    OPT("sandbox", ENUM, choice, .arg = "KIND", .choices = sandboxes,
        .help = "bwrap, or none on one's own node"),
    OPT("sha256", LIST, list, .arg = "HEX",
        .help = "hash of the input by URL, in the order of these"),
    OPT("shared", BYTES, number, .arg = "SIZE",
        .help = "dynamic shared memory of a block of --cuda"),
    OPT("urgency", U64, number, .arg = "N", .help = "1 to 64; costs a surcharge"),
    OPT("verify", ENUM, choice, .arg = "METHOD", .choices = methods,
        .help = "own, exact, vote, cmd, accept or auto"),
    OPT("vram", BYTES, number, .arg = "SIZE", .help = "GPU memory an element needs"),
};
/* clang-format on */

const struct og_tool run_tool = {
    .name = "ogpu run",
    .summary = "run a program on the pool: submit, match, work, verify, pay",
    .synopsis = "[OPTIONS] [-- PROGRAM [ARG ...]] [< TASKS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof opts[0],
    .has_now = true,
};

/* The option a word like "--slots" or "--slo" names, as getopt_long reads it. */
static const struct og_opt *by_name(const char *s, size_t n)
{
    const struct og_opt *found = NULL;
    for (size_t i = 0; i < run_tool.n_opts; i++) {
        if (strncmp(opts[i].name, s, n) != 0)
            continue;
        if (strlen(opts[i].name) == n)
            return &opts[i];
        found = &opts[i];
    }
    return found;
}

/* Does the last letter of "-qk" take the next word? */
static bool cluster_takes(const char *s)
{
    for (; *s; s++) {
        if (*s == 's')
            return s[1] == '\0';
        for (size_t i = 0; i < run_tool.n_opts; i++)
            if (opts[i].letter == *s && opts[i].kind != OG_OPT_FLAG)
                return s[1] == '\0';
    }
    return false;
}

static bool word_takes(const char *word, bool *own)
{
    *own = false;
    if (strncmp(word, "--", 2) != 0)
        return cluster_takes(word + 1);
    size_t n = strcspn(word + 2, "=");
    const struct og_opt *o = by_name(word + 2, n);
    *own = o && o < opts + OWN;
    bool common = !o && (strncmp("state", word + 2, n) == 0 || strncmp("now", word + 2, n) == 0);
    return word[2 + n] == '\0' && (common || (o && o->kind != OG_OPT_FLAG));
}

void run_submit_args(int argc, char **argv, int first, const char ***out, size_t *n)
{
    *out = og_xcalloc((size_t)argc + 4, sizeof **out);
    *n = 0;
    (*out)[(*n)++] = "ogpu-submit";
    bool ended = false;
    for (int i = 1; i < first; i++) {
        bool own = false;
        bool takes = false;
        ended = strcmp(argv[i], "--") == 0;
        if (!ended)
            takes = word_takes(argv[i], &own);
        for (int k = 0; k < (takes ? 2 : 1) && i + k < first; k++)
            if (!own)
                (*out)[(*n)++] = argv[i + k];
        i += takes;
    }
    if (!ended && first < argc)
        (*out)[(*n)++] = "--";
    for (int i = first; i < argc; i++)
        (*out)[(*n)++] = argv[i];
}
