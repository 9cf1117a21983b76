/* analyze_sym.h - a symbolic run of contract code: every path, its conditions and what it did.
 *
 * One transaction after the other over a storage term. Forks at conditions that the facts of the
 * path leave open; a fork at the same place of the same call more than `loops` times ends the
 * path as OG_SYM_CUT. Calls to others answer with unknowns. The order and the result are the same
 * every time. Values of ether are below 2^128, lengths of data below 2^32. */
#ifndef OG_ANALYZE_SYM_H
#define OG_ANALYZE_SYM_H

#include "analyze/analyze_fact.h"
#include "analyze/analyze_mem.h"
#include "base/base_err.h"
#include "crypto/crypto_addr.h"

enum og_sym_end {
    OG_SYM_RUNNING,
    OG_SYM_STOP,
    OG_SYM_RETURN,
    OG_SYM_REVERT,
    OG_SYM_INVALID, /* opcode 0xfe */
    OG_SYM_FAULT,   /* undefined opcode, stack, jump to no JUMPDEST */
    OG_SYM_DESTRUCT,
    OG_SYM_WILD, /* a jump to where the input says */
    OG_SYM_CUT   /* a bound of loops, steps or terms; what follows is not known */
};

enum og_sym_what { OG_SYM_CALL, OG_SYM_CREATE, OG_SYM_SSTORE, OG_SYM_SLOAD, OG_SYM_LOG };

struct og_sym_event {
    enum og_sym_what what;
    uint8_t op;
    uint32_t pc, id; /* id: of a call */
    size_t n_facts;  /* when it happened */
    og_t target, value, gas, success;
    og_t key, word, old; /* of storage; call: word is the input's first word, key its length */
    og_t storage;        /* before it */
};

struct og_sym_loop {
    uint64_t key;
    uint32_t n;
};

struct og_sym_path {
    uint32_t pc, tx;
    og_t *stack;
    size_t sp, cap_stack;
    struct og_mem mem;
    og_t storage, transient;
    struct og_facts facts;
    struct og_sym_event *event;
    size_t n_events, cap_events;
    struct og_sym_loop *loop;
    size_t n_loops, cap_loops;
    uint32_t ret_id; /* the last call; 0: none */
    og_t ret_size;
    enum og_sym_end end;
    uint32_t selector; /* known to be called with; valid when has_selector */
    bool has_selector;
    bool inexact;         /* something on it was taken to be unknown that is not */
    og_t out_at, out_len; /* of RETURN and REVERT */
    og_t heir;            /* of SELFDESTRUCT */
    size_t steps;
    uint64_t gas; /* at least */
    void *mark;   /* the caller's, copied at forks */
};

struct og_sym_code {
    const uint8_t *p;
    size_t n;
    uint8_t *target; /* one byte a byte: a JUMPDEST */
};

struct og_sym_opts {
    uint32_t loops; /* forks at one place */
    size_t steps_path, steps_all, paths_all, waiting;
    struct og_addr self;
    bool havoc; /* a call that may come back makes the storage unknown */
    bool split; /* fork where keys of storage may or may not be the same */
    void *ctx;
    /* A path ended; it is released afterwards. False: enough. */
    bool (*done)(void *ctx, struct og_sym_path *p);
    /* May this fork be taken at all? NULL: yes. */
    bool (*feasible)(void *ctx, struct og_sym_path *p);
    /* The word at 4 + 32 k of the calldata; 0: unknown. NULL: all unknown. */
    og_t (*argument)(void *ctx, uint32_t tx, uint32_t k);
};

struct og_sym_stats {
    size_t steps, paths, cut, forks;
    bool ran_out;  /* of steps, paths or terms: not every path was seen */
    uint8_t *seen; /* one byte a byte of code; the caller frees */
};

void og_sym_code_init(struct og_sym_code *c, const uint8_t *p, size_t n);
void og_sym_code_release(struct og_sym_code *c);

/* A path at the first opcode of transaction tx over this storage, with these facts (copied). */
struct og_sym_path *og_sym_start(struct og_terms *ts, uint32_t tx, og_t storage,
                                 const struct og_facts *facts);
void og_sym_path_free(struct og_sym_path *p);
/* Runs every path from there to its end; takes start. */
void og_sym_run(struct og_terms *ts, const struct og_sym_code *code, const struct og_sym_opts *o,
                struct og_sym_path *start, struct og_sym_stats *out);

/* 32 bytes of what the path returned or reverted with, from `off` on. */
og_t og_sym_out_word(struct og_terms *ts, struct og_sym_path *p, uint64_t off);

#endif
