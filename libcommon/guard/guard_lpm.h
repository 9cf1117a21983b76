/* guard_lpm.h - longest prefix match over many prefixes: added in any order, then cut into
 * intervals that do not overlap, each with its longest prefix. IPv4 looks up by the top 16 bits and
 * a short search, IPv6 by search. */
#ifndef OG_GUARD_LPM_H
#define OG_GUARD_LPM_H

#include "guard/guard_ip.h"

#define OG_LPM_NONE UINT32_MAX

struct og_lpm4 {
    uint32_t from, data;
    uint8_t len;
};
struct og_lpm6 {
    struct og_ip from;
    uint32_t data;
    uint8_t len;
};

struct og_lpm {
    struct og_lpm4 *add4; /* until built */
    struct og_lpm6 *add6;
    size_t n_add4, cap_add4, n_add6, cap_add6;
    uint32_t *start4, *data4; /* intervals: from start to before the next */
    size_t n4;
    uint32_t *index4; /* 65537: the interval that holds the first address of each 16 bits */
    struct og_ip *start6;
    uint32_t *data6;
    size_t n6;
};

/* data: anything but OG_LPM_NONE. Of equal prefixes the one that `data` orders last stays. */
void og_lpm_add(struct og_lpm *l, struct og_ip a, unsigned plen, uint32_t data);
/* A range as the fewest prefixes. */
void og_lpm_add_range(struct og_lpm *l, struct og_ip from, struct og_ip to, uint32_t data);
/* Once, after the last add. */
void og_lpm_build(struct og_lpm *l);
/* Of intervals that were set otherwise. */
void og_lpm_index(struct og_lpm *l);
/* data of the longest prefix that holds a, OG_LPM_NONE: none does. */
uint32_t og_lpm_find(const struct og_lpm *l, struct og_ip a);
void og_lpm_release(struct og_lpm *l);

#endif
