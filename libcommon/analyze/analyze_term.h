/* analyze_term.h - values of a symbolic run: 256-bit words as shared, simplified terms.
 *
 * A term is a number; equal terms have equal numbers within one set of terms. Every constructor
 * simplifies by rules that hold for all words of the EVM (Yellow Paper, appendix H), so that a term
 * and what it was made from are the same word. Two assumptions about Keccak-256 are made where
 * storage keys are compared: it is injective, and its values are far from each other and from small
 * numbers. */
#ifndef OG_ANALYZE_TERM_H
#define OG_ANALYZE_TERM_H

#include "vm/vm_u256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t og_t; /* 0: none */

/* Opcodes of the EVM stand for themselves; GT, SGT become LT, SLT. */
enum og_top {
    OG_T_ADD = 0x01,
    OG_T_MUL,
    OG_T_SUB,
    OG_T_DIV,
    OG_T_SDIV,
    OG_T_MOD,
    OG_T_SMOD,
    OG_T_ADDMOD,
    OG_T_MULMOD,
    OG_T_EXP,
    OG_T_SIGNEXTEND,
    OG_T_LT = 0x10,
    OG_T_SLT = 0x12,
    OG_T_EQ = 0x14,
    OG_T_ISZERO,
    OG_T_AND,
    OG_T_OR,
    OG_T_XOR,
    OG_T_NOT,
    OG_T_BYTE,
    OG_T_SHL, /* (shift, value), as on the stack; so are SHR, SAR */
    OG_T_SHR,
    OG_T_SAR,
    OG_T_KECCAK = 0x20, /* a: words, joined by CAT; b: bytes, a plain number */
    OG_T_CONST = 0x80,  /* a: plain number, place of the word */
    OG_T_VAR,           /* a: enum og_tvar, b: transaction, c: which; plain numbers */
    OG_T_CDLOAD,        /* a: transaction, a plain number; b: offset */
    OG_T_SELECT,        /* a: array, b: key */
    OG_T_STORE,         /* a: array, b: key, c: value; an array */
    OG_T_BASE,          /* a: plain number; an array: 0 all zero, else unknown */
    OG_T_CAT,           /* a: word, b: the rest or 0 */
    OG_T_CODESIZE,      /* a: address */
    OG_T_CODEHASH,      /* a: address */
    OG_T_BLOCKHASH,     /* a: number */
    OG_T_BALANCE,       /* a: address; b: plain number, when */
    OG_T_RETWORD,       /* a: call, a plain number; b: offset in what it returned */
    OG_T_MULOK          /* a, b: their product is below 2^256 */
};

enum og_tvar {
    OG_V_CALLER,
    OG_V_ORIGIN,
    OG_V_VALUE,
    OG_V_CDSIZE,
    OG_V_SELECTOR, /* first four bytes of the calldata, 32 bits */
    OG_V_CDWORD,   /* c: k; the word at 4 + 32 k of the calldata */
    OG_V_GASPRICE,
    OG_V_TIMESTAMP,
    OG_V_NUMBER,
    OG_V_COINBASE,
    OG_V_RANDAO,
    OG_V_GASLIMIT,
    OG_V_BASEFEE,
    OG_V_BLOBFEE,
    OG_V_GAS,     /* c: when */
    OG_V_SUCCESS, /* c: call */
    OG_V_RETSIZE, /* c: call */
    OG_V_CREATED, /* c: call */
    OG_V_ANY      /* c: nothing is known of it */
};

/* Where a word comes from. */
enum og_taint {
    OG_F_CALLER = 1,
    OG_F_ORIGIN = 2,
    OG_F_CALLDATA = 4,
    OG_F_VALUE = 8,
    OG_F_TIME = 16,
    OG_F_BLOCK = 32, /* number, hashes, proposer, randao, limit, fee */
    OG_F_STORAGE = 64,
    OG_F_SUCCESS = 128,
    OG_F_RETURN = 256,
    OG_F_BALANCE = 512,
    OG_F_GAS = 1024,
    OG_F_ANY = 2048
};

struct og_term {
    uint8_t op;
    uint16_t bits; /* the word is below 2^bits */
    uint32_t taint, depth;
    uint32_t a, b, c;
};

/* A constant that is a hash: its preimage, as a KECCAK term has it. */
struct og_known_hash {
    og_t hash, list;
    uint32_t n_bytes;
};

struct og_terms {
    struct og_term *v;
    size_t n, cap;
    struct og_u256 *word;
    size_t n_words, cap_words;
    uint32_t *table;
    size_t mask;
    size_t max; /* terms beyond it are all one OG_V_ANY, and `full` is set */
    bool full;
    uint32_t next; /* number for the next thing that is new */
    struct og_known_hash *hash;
    size_t n_hashes, cap_hashes;
};

void og_terms_init(struct og_terms *ts, size_t max);
void og_terms_release(struct og_terms *ts);

og_t og_term_const(struct og_terms *ts, const struct og_u256 *w);
og_t og_term_u64(struct og_terms *ts, uint64_t v);
og_t og_term_var(struct og_terms *ts, enum og_tvar kind, uint32_t tx, uint32_t which);
og_t og_term_fresh(struct og_terms *ts, enum og_tvar kind, uint32_t tx);
/* An operation of one to three words; GT and SGT (0x11, 0x13) are allowed. */
og_t og_term_op(struct og_terms *ts, uint8_t op, og_t a, og_t b, og_t c);
/* n bytes in words, the last filled up with zeros on the right. Of constants it is the constant,
 * and the hash is remembered; those of the words 0 to 63 are from the start, as compilers know
 * them.
 */
og_t og_term_keccak(struct og_terms *ts, const og_t *words, uint32_t n_bytes);
/* A node as it stands; for those above that take plain numbers. */
og_t og_term_raw(struct og_terms *ts, uint8_t op, uint32_t a, uint32_t b, uint32_t c);
og_t og_term_base(struct og_terms *ts, uint32_t number);
og_t og_term_select(struct og_terms *ts, og_t array, og_t key);
/* The term that such a read is, when it is there already; else 0. */
og_t og_term_peek(const struct og_terms *ts, og_t array, og_t key);
og_t og_term_store(struct og_terms *ts, og_t array, og_t key, og_t value);
/* The negation of a truth value: 1 when t is 0, else 0. */
og_t og_term_not(struct og_terms *ts, og_t t);

/* True when the words differ whatever the unknowns are. */
bool og_term_differ(const struct og_terms *ts, og_t a, og_t b);

static inline const struct og_term *og_term_at(const struct og_terms *ts, og_t t)
{
    return &ts->v[t];
}
static inline uint32_t og_term_taint(const struct og_terms *ts, og_t t)
{
    return ts->v[t].taint;
}
/* The word of a constant; NULL: it is none. Until the next term is made. */
const struct og_u256 *og_term_word(const struct og_terms *ts, og_t t);
bool og_term_is_u64(const struct og_terms *ts, og_t t, uint64_t *out);
/* Which of a, b, c are terms: bits 1, 2, 4. */
unsigned og_term_kids(uint8_t op);
/* The hash that t is, plus a number below 2^32: its list and length in bytes; false: t is none. */
bool og_term_hash(const struct og_terms *ts, og_t t, og_t *list, uint32_t *n_bytes,
                  struct og_u256 *offset);
/* t as base + a constant; the base is 0 for a constant. */
og_t og_term_split(const struct og_terms *ts, og_t t, struct og_u256 *offset);

/* Is there a subterm that the function accepts? Arrays are not entered. Each is looked at once. */
bool og_term_any(const struct og_terms *ts, og_t t, bool (*is)(void *ctx, og_t t), void *ctx);
bool og_term_has(const struct og_terms *ts, og_t t, og_t part);

#endif
