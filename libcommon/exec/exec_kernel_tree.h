/* exec_kernel_tree.h - kernels whose result is a sum tree: run, any node alone, votes. */
#ifndef OG_EXEC_KERNEL_TREE_H
#define OG_EXEC_KERNEL_TREE_H

#include "base/base_err.h"
#include "check/check_judge.h"
#include "crypto/crypto_hash.h"

#include <stddef.h>
#include <stdint.h>

/* The functions see one node at a time and may run on several threads. Results are laid out as
 * check_sumtree.h says. */
struct og_tree {
    uint64_t parts;
    size_t bytes; /* of a node */
    const void *ctx;
    void (*part)(const void *ctx, uint64_t part, void *node);
    void (*add)(const void *ctx, const void *a, const void *b, void *sum); /* sum may be a */
};

void og_tree_run(const struct og_tree *t, void *out, unsigned threads);
/* The node at this place of the file, from its parts. */
void og_tree_node(const struct og_tree *t, uint64_t place, void *node);
/* Every addition is done again, and `samples` parts drawn from the seed (0: a tenth, at least
 * five): a wrong sum is always found, wrong parts as check_kernel.h's leaves are. OK or BAD. */
enum og_vote og_tree_vote(const struct og_tree *t, const void *out, const struct og_hash *seed,
                          uint64_t samples);

#endif
