/* show.h - what the files of `ogpu show` share. */
#ifndef OG_OGPU_SHOW_H
#define OG_OGPU_SHOW_H

#include "base/base_buf.h"
#include "crypto/crypto_merkle.h"
#include "model/model_records.h"
#include "store/store_block.h"
#include "store/store_open.h"

#include <jansson.h>
#include <stdbool.h>

enum show_what { SHOW_ROW, SHOW_TX, SHOW_RECEIPT, SHOW_BLOCK, SHOW_PARAMS };

/* What an ID names. */
struct show_target {
    enum show_what what;
    enum og_family_index family; /* SHOW_ROW */
    void *rec;                   /* SHOW_ROW: the record, loaded; owned */
    struct og_txrow tx;          /* SHOW_TX, and SHOW_RECEIPT of a contract: loaded */
    uint64_t number;             /* SHOW_RECEIPT: task, 0: of tx; SHOW_BLOCK: height */
};

/* show_find.c. OG_E_USAGE: not an ID; OG_NO with a sentence: there is no such thing. Release in
 * every case. */
enum og_rc show_find(struct og_store *st, const char *id, struct show_target *out,
                     struct og_err *err) OG_MUST_CHECK;
void show_target_release(struct show_target *t);

/* show_record.c. The object as one record, with what belongs to it. The caller decrefs *out. */
enum og_rc show_record(struct og_store *st, const struct show_target *t, json_t **out,
                       struct og_err *err) OG_MUST_CHECK;
void show_print(const json_t *rec);

/* show_table.c. A table of receipts, and a row of it. */
struct og_table;
struct og_table *show_receipt_table(void);
enum og_rc show_receipt_row(struct og_store *st, const json_t *r, struct og_table *t,
                            struct og_err *err) OG_MUST_CHECK;

/* show_proof.c. Proof of a transaction, a receipt or a row. *stale true (OG_OK, *out NULL): the row
 * was changed by the open block; seal and find it again. A row's proof has no header yet:
 * show_proof_header adds the one of the block after `*height`. */
enum og_rc show_proof(struct og_store *st, const struct show_target *t, json_t **out, bool *stale,
                      uint64_t *height, struct og_err *err) OG_MUST_CHECK;
/* *found false: no block follows yet. */
enum og_rc show_proof_header(struct og_store *st, json_t *proof, uint64_t height, bool *found,
                             struct og_err *err) OG_MUST_CHECK;
/* The header of a block as an object; *out NULL when it is not held. */
enum og_rc show_header(struct og_store *st, uint64_t height, struct og_hash *hash, json_t **out,
                       struct og_err *err) OG_MUST_CHECK;

#endif
