/* analyze_check_int.h - inside the static check: paths that were run, places in storage, guards. */
#ifndef OG_ANALYZE_CHECK_INT_H
#define OG_ANALYZE_CHECK_INT_H

#include "analyze/analyze_check.h"

/* A place in storage, as far as the code fixes it: the slot, or the slot of the mapping or array
 * that the key is hashed from. */
enum og_place_kind { OG_PLACE_SLOT, OG_PLACE_MAP, OG_PLACE_ARRAY, OG_PLACE_OTHER };
struct og_place {
    enum og_place_kind kind;
    og_t root;     /* slot, a constant */
    og_t index;    /* map: the first key; array: 0 */
    uint64_t off;  /* member */
    unsigned deep; /* hashes */
};

struct og_spath {
    struct og_facts facts;
    struct og_sym_event *event;
    size_t n_events;
    enum og_sym_end end;
    uint32_t pc, selector;
    bool has_selector;
    og_t heir, storage;
    og_t out[4];
    bool guarded; /* only some callers can take it */
};

/* A place that the caller is compared with, or that says what the caller may do. */
struct og_authority {
    struct og_place place;
    og_t read;   /* the term that was compared */
    og_t select; /* the word of storage in it */
    bool flag;   /* a truth value kept by caller, not the caller's address */
};

struct og_check {
    struct og_terms ts;
    struct og_sym_code code;
    const struct og_abi *abi;
    const struct og_check_opts *o;
    struct og_cfg cfg;
    struct og_spath *path;
    size_t n_paths, cap_paths;
    struct og_authority *authority;
    size_t n_authority, cap_authority;
    struct og_place *writable; /* by anyone, to what they like */
    size_t n_writable, cap_writable;
    struct og_findings *out;
};

static inline bool og_spath_ok(const struct og_spath *p)
{
    return p->end == OG_SYM_STOP || p->end == OG_SYM_RETURN || p->end == OG_SYM_DESTRUCT;
}

struct og_place og_place_of(const struct og_terms *ts, og_t key);
bool og_place_same(const struct og_place *a, const struct og_place *b);
/* Finds authorities, what anyone can write, and which paths are guarded. */
void og_check_guards(struct og_check *c);
bool og_check_writable(const struct og_check *c, const struct og_place *p);
/* The word of storage within t that is read at a place; 0: none. */
og_t og_check_read_of(const struct og_check *c, og_t t);
/* Is the term the caller's to choose: calldata, its address, or a place that anyone writes? */
bool og_check_chosen(const struct og_check *c, og_t t);
/* Do the facts tie t to what only others can set (an entry of a table that is not empty, a word
 * that is not writable)? */
bool og_check_listed(const struct og_check *c, const struct og_spath *p, og_t t);
/* t with `from` replaced by `to`. */
og_t og_check_subst(struct og_terms *ts, og_t t, og_t from, og_t to);

void og_check_report(struct og_check *c, const struct og_spath *p, enum og_flaw flaw,
                     enum og_severity severity, uint32_t pc, const char *message);

void og_check_calls(struct og_check *c);    /* analyze_detect_call.c */
void og_check_access(struct og_check *c);   /* analyze_detect_access.c */
void og_check_overflow(struct og_check *c); /* analyze_detect_math.c */
void og_check_chance(struct og_check *c);   /* analyze_detect_chance.c */

#endif
