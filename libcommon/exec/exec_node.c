/* exec_node.c - measures this machine under the owner's limits and describes it. */
#include "exec/exec_node.h"

#include "base/base_num.h"
#include "exec/exec_bench.h"
#include "exec/exec_hwclass.h"
#include "model/model_tx.h"
#include "json/json_get.h"

#include <unistd.h>

void og_node_limits_fill(struct og_node_limits *l)
{
    if (!l->threads) {
        long n = sysconf(_SC_NPROCESSORS_ONLN);
        l->threads = n < 1 ? 1 : og_min_u64((uint64_t)n, OG_NODE_THREADS_MAX);
    }
    if (!l->share_ppm)
        l->share_ppm = OG_PPM;
    if (!l->slots)
        l->slots = og_min_u64(l->threads, OG_NODE_SLOTS_MAX);
    if (!l->mem_bytes) {
        long pages = sysconf(_SC_PHYS_PAGES);
        long size = sysconf(_SC_PAGE_SIZE);
        l->mem_bytes =
            pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size / 8 * 7 : (uint64_t)1 << 30;
    }
}

enum og_rc og_node_measure(const struct og_node_limits *l, const uint8_t seed[32],
                           uint64_t duration_ms, uint64_t *mflops_per_s, struct og_err *err)
{
    uint64_t checksum;
    *mflops_per_s = 0;
    OG_TRY(
        og_capacity_measure(seed, (unsigned)l->threads, duration_ms, mflops_per_s, &checksum, err));
    if (!*mflops_per_s)
        return og_err_set(err, OG_E_UNAVAILABLE, "the benchmark measured no capacity at all");
    return OG_OK;
}

uint64_t og_node_offered(const struct og_node_limits *l, uint64_t mflops_per_s)
{
    return og_max_u64(1, og_muldiv(mflops_per_s, l->share_ppm, OG_PPM));
}

static json_t *slots_of(const struct og_node_limits *l)
{
    json_t *a = json_array();
    uint64_t cores = og_max_u64(1, l->threads / l->slots);
    for (uint64_t i = 0; i < l->slots; i++)
        json_array_append_new(a,
                              json_pack("{s:I, s:I, s:I, s:I, s:I}", "share_ppm",
                                        (json_int_t)(OG_PPM / l->slots), "cores", (json_int_t)cores,
                                        "mem_bytes", (json_int_t)(l->mem_bytes / l->slots),
                                        "gpu_ppm", (json_int_t)0, "gpu_mem_bytes", (json_int_t)0));
    return a;
}

json_t *og_node_body(const struct og_node_limits *l, uint64_t mflops_per_s, uint64_t height,
                     const struct og_nodekey *keys)
{
    char hw[32];
    og_hw_class(hw);
    json_t *o =
        json_pack("{s:[s,s], s:s, s:s, s:s, s:{s:I, s:I}, s:I, s:o, s:[]}", "classes", "program",
                  "kernel", "hw_class", hw, "max_lock", "0", "min_rate", "0", "measured", "height",
                  (json_int_t)height, "mflops_per_s", (json_int_t)mflops_per_s, "offered",
                  (json_int_t)og_node_offered(l, mflops_per_s), "slots", slots_of(l), "submitters");
    if (keys)
        json_object_set_new(o, "keys",
                            json_pack("{s:o, s:o, s:o}", "consensus",
                                      og_pub_to_json(keys->consensus), "tls",
                                      og_json_new_hex(keys->tls.b, OG_HASH_LEN), "vrf",
                                      og_json_new_hex(keys->vrf, OG_VRF_PUB_LEN)));
    return o;
}
