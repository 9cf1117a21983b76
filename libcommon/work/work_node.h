/* work_node.h - the nodes that this machine can sign for: those whose keys lie in the keys folder.
 */
#ifndef OG_WORK_NODE_H
#define OG_WORK_NODE_H

#include "crypto/crypto_sig.h"
#include "store/store_open.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which file a key was read from: another one after a rotation. */
struct og_work_stamp {
    uint64_t inode;
    int64_t s, ns;
};

struct og_work_node {
    uint64_t id;
    struct og_addr addr, owner;
    char *name; /* of the key */
    struct og_key *key;
    struct og_hash secret; /* of its nonces */
    struct og_work_stamp stamp;
};

/* names: keys asked for (each must be a node's: OG_E_DATA otherwise), n 0: every key of the folder
 * that is a node's and can be read. pass_file: NULL, or a file whose first line opens encrypted
 * keys. Ascending by id. The caller frees with og_work_nodes_free. */
enum og_rc og_work_nodes_open(struct og_store *st, const char *keys_dir, const char *const *names,
                              size_t n, const char *pass_file, struct og_work_node **out,
                              size_t *n_out, struct og_err *err) OG_MUST_CHECK;
void og_work_nodes_free(struct og_work_node *v, size_t n);
/* Takes the keys whose files were replaced: by `ogpu-keygen --rotate`, which waits until the old
 * one has nothing to reveal. What cannot be read keeps its key. Not while a job of the nodes runs.
 */
void og_work_nodes_refresh(struct og_store *st, const char *keys_dir, const char *pass_file,
                           struct og_work_node *v, size_t n);
/* NULL when it is not among them. */
struct og_work_node *og_work_node_find(struct og_work_node *v, size_t n, uint64_t id);

#endif
