/* work_reveal.h - what a node says about a result of its own: commit and reveal as JSON. */
#ifndef OG_WORK_REVEAL_H
#define OG_WORK_REVEAL_H

#include "store/store_blob.h"
#include "work/work_job.h"
#include "work/work_node.h"

#include <jansson.h>
#include <stdbool.h>

/* An entry of result.commit. */
json_t *og_work_commit_json(const struct og_hash *chain, const struct og_work_node *node,
                            uint64_t lease, uint64_t count, const struct og_hash *root,
                            uint64_t run_ms);
/* An entry of result.reveal; paths: borrowed, NULL none. */
json_t *og_work_reveal_json(const struct og_work_node *node, uint64_t lease,
                            const struct og_hash *root, uint64_t exits, json_t *paths);

/* May the committed lease be revealed now? *seal: no, but a sealed block would bring it nearer. */
enum og_rc og_work_may_reveal(struct og_store *st, const struct og_lease *ls, bool *may, bool *seal,
                              struct og_err *err) OG_MUST_CHECK;
/* The entry for a committed lease out of the stored manifest; *out NULL when there is no manifest
 * that opens the commitment. spec of w must be loaded. The caller decrefs. */
enum og_rc og_work_reveal_stored(struct og_store *st, const struct og_hash *chain,
                                 const struct og_work_node *node, const struct og_work_job *w,
                                 json_t **out, struct og_err *err) OG_MUST_CHECK;
/* The manifest that this machine holds of the lease. */
enum og_rc og_work_manifest_of(struct og_store *st, const struct og_lease *ls,
                               struct og_manifest *out, bool *found,
                               struct og_err *err) OG_MUST_CHECK;

#endif
