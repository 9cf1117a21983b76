/* check_kernel.h - the built-in kernels, as everybody must see them: arguments, sizes of inputs and
 * outputs, work, leaves, ways of verifying. Pure: the state machine reckons with it. How a kernel
 * computes is exec/exec_kernel.h. */
#ifndef OG_CHECK_KERNEL_H
#define OG_CHECK_KERNEL_H

#include "base/base_err.h"
#include "check/check_method.h"
#include "crypto/crypto_hash.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_KERNEL_ARGS_MAX   10
#define OG_KERNEL_FILES_MAX  4 /* inputs, and outputs */
#define OG_KERNEL_LEAVES_MAX ((uint64_t)1 << 21)

/* An argument is a whole number, or one of a list of words, whose value is its place in the list.
 */
struct og_kernel_arg {
    const char *name; /* NULL ends the list */
    const char *what;
    uint64_t min, max; /* of a number */
    bool optional;
    uint64_t absent;          /* its value then */
    const char *const *words; /* NULL: a number; else ends with NULL */
};

/* What follows from the arguments. */
struct og_kernel_shape {
    size_t n_in, n_out;
    uint64_t in_bytes[OG_KERNEL_FILES_MAX];
    uint64_t out_bytes[OG_KERNEL_FILES_MAX];
    /* Leaves of a result are the outputs in order, each cut into pieces of so many bytes; an
     * output's last one may be shorter. A leaf can be computed alone. */
    uint64_t leaf_bytes[OG_KERNEL_FILES_MAX];
    uint64_t work_mflop;
    const char *inexact; /* why it cannot be verified by exact; NULL: the same bits everywhere */
    enum og_verify automatic; /* what `auto` is on others' nodes */
};

struct og_kernel_def {
    const char *name;
    const char *what; /* one line for people */
    struct og_kernel_arg arg[OG_KERNEL_ARGS_MAX + 1];
    const char *in_name[OG_KERNEL_FILES_MAX];
    const char *out_name[OG_KERNEL_FILES_MAX]; /* files, where no --out names them */
    bool
        rated; /* its work is arithmetic as capacity counts it, and may correct a node's capacity */
    /* arg: values in the order of the list. OG_E_DATA: they do not go together. */
    enum og_rc (*shape)(const uint64_t *arg, struct og_kernel_shape *out, struct og_err *err);
};

/* A kernel with its arguments. */
struct og_kernel {
    const struct og_kernel_def *def;
    uint64_t arg[OG_KERNEL_ARGS_MAX];
    struct og_kernel_shape shape;
};

/* All of them, in the order of their names; i < og_kernel_count(). */
size_t og_kernel_count(void);
const struct og_kernel_def *og_kernel_at(size_t i);
/* NULL: there is none of this name. */
const struct og_kernel_def *og_kernel_find(const char *name);

/* args: an object of whole numbers and words. OG_E_DATA: no such kernel, an argument missing,
 * unknown or out of bounds, or arguments that do not go together. */
enum og_rc og_kernel_parse(const char *name, const json_t *args, struct og_kernel *out,
                           struct og_err *err) OG_MUST_CHECK;
/* The same kernel with the same values. */
bool og_kernel_same(const struct og_kernel *a, const struct og_kernel *b);

/* Leaves of the whole result; leaf i is `bytes` bytes at `offset` of output `out`. */
uint64_t og_kernel_leaves(const struct og_kernel *k);
struct og_kernel_leaf {
    size_t out;
    uint64_t offset, bytes;
};
struct og_kernel_leaf og_kernel_leaf_at(const struct og_kernel *k, uint64_t i);
/* RFC 6962 leaf hashes over whole outputs, into hash[og_kernel_leaves(k)]. */
void og_kernel_hash(const struct og_kernel *k, const void *const *out, struct og_hash *hash);

#endif
