/* worker_devices.c - --devices: the GPUs of this machine and its CPU, as records or a table. */
#include "worker.h"

#include "base/base_log.h"
#include "base/base_num.h"
#include "cli/cli_table.h"
#include "exec/exec_cu.h"
#include "exec/exec_cuda_build.h"
#include "exec/exec_cuda_gpu.h"
#include "exec/exec_hwclass.h"
#include "exec/exec_kernel.h"
#include "exec/exec_node.h"
#include "json/json_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const columns[] = {"DEVICE", "NAME", "MEMORY", "CC",     "DRIVER",
                                      "ECC",    "MIG",  "BUSY",   "LIMITS", "UUID"};
#define COLUMNS (sizeof columns / sizeof *columns)

/* Model name of the processor's first core; "" when the system does not tell. */
static void cpu_name(char *out, size_t max)
{
    char line[512];
    FILE *f = fopen("/proc/cpuinfo", "re");
    *out = '\0';
    while (f && !*out && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        snprintf(out, max, "%s", colon + 1 + strspn(colon + 1, " \t"));
        out[strcspn(out, "\n")] = '\0';
    }
    if (f)
        fclose(f);
}

static void set_known(json_t *o, const char *key, uint64_t v)
{
    if (v != OG_GPU_UNKNOWN)
        json_object_set_new(o, key, json_integer((json_int_t)v));
}

static void set_switch(json_t *o, const char *key, uint64_t v)
{
    if (v != OG_GPU_UNKNOWN)
        json_object_set_new(o, key, json_boolean(v != 0));
}

static void set_text(json_t *o, const char *key, const char *s)
{
    if (*s)
        json_object_set_new(o, key, json_string(s));
}

static const struct {
    uint64_t bit;
    const char *name;
} reasons[] = {
#define REASON(bit, name) {bit, name},
    OG_CU_REASONS(REASON)};

static json_t *throttle_of(uint64_t bits)
{
    json_t *a = json_array();
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (bits & reasons[i].bit)
            json_array_append_new(a, json_string(reasons[i].name));
    return a;
}

static json_t *gpu_record(const struct og_gpu_list *l, const struct og_gpu *g)
{
    char text[48];
    json_t *o = json_pack("{s:s, s:i, s:s, s:I, s:s}", "kind", "device", "v", 1, "type", "gpu",
                          "index", (json_int_t)g->ordinal, "name", g->name);
    if (!o)
        return NULL;
    set_text(o, "uuid", g->uuid);
    set_known(o, "mem_bytes", g->mem_bytes);
    set_known(o, "mem_used_bytes", g->mem_used_bytes);
    set_known(o, "multiprocessors", g->sms);
    if (g->clock_khz != OG_GPU_UNKNOWN)
        json_object_set_new(o, "clock_hz", json_integer((json_int_t)g->clock_khz * 1000));
    if (g->cc_major != OG_GPU_UNKNOWN && g->cc_minor != OG_GPU_UNKNOWN) {
        snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu64, g->cc_major, g->cc_minor);
        set_text(o, "compute_capability", text);
    }
    set_text(o, "driver", l->driver);
    if (l->cuda) {
        snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu64, l->cuda / 1000, l->cuda % 1000 / 10);
        set_text(o, "cuda", text);
    }
    set_text(o, "nvrtc", l->nvrtc_version);
    set_switch(o, "ecc", g->ecc);
    set_switch(o, "mig", g->mig);
    if (g->throttle != OG_GPU_UNKNOWN)
        json_object_set_new(o, "throttle", throttle_of(g->throttle));
    set_known(o, "temperature_c", g->temperature_c);
    set_known(o, "power_mw", g->power_mw);
    if (g->busy_percent != OG_GPU_UNKNOWN)
        json_object_set_new(o, "busy_ppm", json_integer((json_int_t)g->busy_percent * 10000));
    return o;
}

static json_t *cpu_record(void)
{
    char name[256], hw[32];
    struct og_node_limits limits = {0};
    const char *cxx = og_cuda_compiler();
    cpu_name(name, sizeof name);
    og_hw_class(hw);
    og_node_limits_fill(&limits);
    json_t *kernels = json_object();
    for (size_t i = 0; i < og_kernel_count(); i++)
        json_object_set_new(kernels, og_kernel_at(i)->name,
                            json_string(og_kernel_backend(og_kernel_at(i))));
    json_t *o = json_pack("{s:s, s:i, s:s, s:s, s:I, s:I, s:o}", "kind", "device", "v", 1, "type",
                          "cpu", "hw_class", hw, "cores", (json_int_t)limits.threads, "mem_bytes",
                          (json_int_t)limits.mem_bytes, "kernels", kernels);
    set_text(o, "name", name);
    set_text(o, "compiler", cxx ? cxx : "");
    return o;
}

static const char *word(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (json_is_boolean(v))
        return json_is_true(v) ? "on" : "off";
    return json_is_string(v) ? json_string_value(v) : "-";
}

static void add_row(struct og_table *t, const json_t *o)
{
    char text[160] = "";
    bool gpu = strcmp(word(o, "type"), "gpu") == 0;
    const json_t *why = json_object_get(o, "throttle");
    const json_t *busy = json_object_get(o, "busy_ppm");
    for (size_t i = 0; i < json_array_size(why); i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "," : "",
                 json_string_value(json_array_get(why, i)));
    if (gpu)
        og_table_cellf(t, "gpu%" PRIu64, (uint64_t)json_integer_value(json_object_get(o, "index")));
    else
        og_table_cell(t, "cpu");
    og_table_cell(t, word(o, "name"));
    og_table_cellf(t, "%.1f GiB",
                   (double)json_integer_value(json_object_get(o, "mem_bytes")) / (1 << 30));
    og_table_cell(t, gpu ? word(o, "compute_capability") : word(o, "hw_class"));
    og_table_cell(t, gpu ? word(o, "driver") : word(o, "compiler"));
    og_table_cell(t, word(o, "ecc"));
    og_table_cell(t, word(o, "mig"));
    if (busy)
        og_table_cellf(t, "%d%%", (int)(json_integer_value(busy) / 10000));
    else
        og_table_cell(t, "-");
    og_table_cell(t, why && text[0] ? text : "-");
    og_table_cell(t, word(o, "uuid"));
}

/* Each absence is one line. */
static void say_missing(const struct og_gpu_list *l)
{
    if (l->no_gpu[0])
        og_log(OG_LOG_WARNING, "no GPU: %s", l->no_gpu);
    if (l->no_nvml[0])
        og_log(OG_LOG_WARNING, "no NVML, so no load and limits of GPUs: %s", l->no_nvml);
    if (l->no_nvrtc[0])
        og_log(OG_LOG_WARNING, "no NVRTC, so CUDA source runs on the CPU: %s", l->no_nvrtc);
    if (!og_cuda_compiler())
        og_log(OG_LOG_WARNING, "no CUDA on the CPU: there is no C++ compiler; install package g++");
}

static enum og_rc show(struct og_table *t, json_t *o, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    if (!o)
        return og_err_set(err, OG_E_INTERNAL, "cannot pack a device");
    if (t)
        add_row(t, o);
    else
        rc = og_jsonl_write(stdout, o, err);
    json_decref(o);
    return rc;
}

enum og_rc worker_devices(const struct worker_options *o, struct og_err *err)
{
    struct og_gpu_list l;
    struct og_table *t = NULL;
    enum og_rc rc = og_gpu_list(&l, err);
    if (rc == OG_OK)
        say_missing(&l);
    if (rc == OG_OK && o->common.human) {
        t = og_table_new(COLUMNS);
        for (size_t i = 0; i < COLUMNS; i++)
            og_table_head(t, i, columns[i], i == 2 || i == 7);
    }
    for (size_t i = 0; rc == OG_OK && i < l.n; i++)
        rc = show(t, gpu_record(&l, &l.gpu[i]), err);
    if (rc == OG_OK)
        rc = show(t, cpu_record(), err);
    if (t)
        og_table_print(t, og_table_width(stdout), stdout);
    og_table_free(t);
    og_gpu_list_release(&l);
    return rc;
}
