/* analyze_sym_int.h - inside the symbolic run: what its files share. */
#ifndef OG_ANALYZE_SYM_INT_H
#define OG_ANALYZE_SYM_INT_H

#include "analyze/analyze_sym.h"

struct og_sym {
    struct og_terms *ts;
    const struct og_sym_code *code;
    const struct og_sym_opts *o;
    struct og_sym_stats *stats;
    struct og_sym_path **wait;
    size_t n_wait, cap_wait;
    struct {
        uint32_t selector;
        size_t paths;
    } * fn; /* paths that ended, by function */
    size_t n_fn, cap_fn;
    bool enough;
};

/* One opcode that neither jumps nor ends the path; the stack is high enough. */
void og_sym_step(struct og_sym *s, struct og_sym_path *p, uint8_t op);
/* CALL and its kin, CREATE and CREATE2. */
void og_sym_call(struct og_sym *s, struct og_sym_path *p, uint8_t op);
void og_sym_create(struct og_sym *s, struct og_sym_path *p, uint8_t op);

/* A read of an array by what the facts say of its keys; *open: a condition that would say more of
 * them, or 0. */
og_t og_sym_select(struct og_sym *s, const struct og_sym_path *p, og_t array, og_t key, og_t *open);

void og_sym_push(struct og_sym_path *p, og_t t);
og_t og_sym_pop(struct og_sym_path *p);
struct og_sym_event *og_sym_event(struct og_sym_path *p, enum og_sym_what what, uint8_t op);

#endif
