/* guard_hst.h - streaming half-space trees (Tan, Ting, Liu, IJCAI 2011): perfect trees that halve
 * random ranges; what falls where the last window had little mass is anomalous. Learns as it
 * scores, in constant memory. */
#ifndef OG_GUARD_HST_H
#define OG_GUARD_HST_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stddef.h>
#include <stdint.h>

#define OG_HST_TREES  25
#define OG_HST_DEPTH  10
#define OG_HST_LEAVES (1u << OG_HST_DEPTH)
#define OG_HST_WINDOW 250

struct og_hst {
    uint64_t seed;
    size_t width;
    uint32_t window;   /* rows per window */
    uint32_t seen;     /* of the present one */
    uint16_t *feature; /* trees x (leaves - 1), heap order */
    float *split;
    uint16_t *mass;   /* of the last window, trees x leaves */
    uint16_t *latest; /* of the present one */
    float *value;     /* per leaf: what the tree adds to the score */
};

/* Trees over z within ±10; no mass yet. */
void og_hst_init(struct og_hst *m, size_t width, uint32_t window, uint64_t seed);
void og_hst_release(struct og_hst *m);
/* Larger is more anomalous: minus the log of the mean mass, scaled by the depth it was found in. */
float og_hst_score(const struct og_hst *m, const float *z);
/* As above, and z becomes part of the present window; at its end it takes the last one's place. */
float og_hst_learn(struct og_hst *m, const float *z);

void og_hst_encode(const struct og_hst *m, struct og_buf *out);
enum og_rc og_hst_decode(const void *p, size_t n, size_t width, struct og_hst *out, size_t *used,
                         struct og_err *err) OG_MUST_CHECK;

#endif
