/* cmd.h - what the files of ogpu-guard share. */
#ifndef OG_CMD_GUARD_H
#define OG_CMD_GUARD_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "cli/cli_opts.h"
#include "crypto/crypto_hash.h"
#include "crypto/crypto_sig.h"
#include "guard/guard_intel.h"
#include "guard/guard_model.h"

#include <jansson.h>

#define CMD_FILE_MAX  ((size_t)2 << 30)
#define CMD_ALPHA_PPM 50000
#define CMD_SHARE_PPM 50000 /* of the rows that one owner may have */
#define CMD_ROUNDS    25
#define CMD_OUT_FLUSH ((size_t)64 << 10)

/* The commands; argv[0] is the command's word. Each returns the exit status. */
int cmd_train(int argc, char **argv);
int cmd_retrain(int argc, char **argv);
int cmd_models(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_lookup(int argc, char **argv);
int cmd_feeds(int argc, char **argv);
int cmd_score(int argc, char **argv);
int cmd_series(int argc, char **argv);

/* cmd_file.c. The whole of path ("-": stdin) appended to out. */
enum og_rc cmd_read(const char *path, struct og_buf *out, struct og_err *err) OG_MUST_CHECK;
/* "a,b,c" into its parts; text is cut up and must last as long as they do. The caller frees *out.
 */
void cmd_list(char *text, const char ***out, size_t *n);
/* The key that signs: NULL when name is NULL and there is no key "default". The caller frees. */
enum og_rc cmd_key(const char *name, const char *passphrase_file, struct og_key **out,
                   struct og_err *err) OG_MUST_CHECK;
/* Whose models are trusted: an address, or without one any identity of the folder of keys; where
 * there is none, and with unsigned_ok, models need no signature. */
struct cmd_trust {
    const char *signer;
    bool unsigned_ok;
};
enum og_rc cmd_model_load(const char *path, const struct cmd_trust *t, struct og_model *out,
                          struct og_hash *hash, struct og_err *err) OG_MUST_CHECK;
enum og_rc cmd_model_save(const char *path, const struct og_model *m, const struct og_key *key,
                          struct og_hash *hash, size_t *bytes, struct og_err *err) OG_MUST_CHECK;

/* cmd_models.c. What a model file is, as a record; signer NULL: not signed. */
json_t *cmd_model_record(const char *path, const struct og_model *m, const struct og_hash *hash,
                         size_t bytes, const struct og_addr *signer);

/* cmd_boost.c. Boosted trees from n rows of width features, made by libxgboost in a process of its
 * own. OG_E_UNAVAILABLE: the library is not there. */
enum og_rc cmd_boost(const float *x, const float *y, size_t n, size_t width, uint64_t rounds,
                     uint64_t seed, struct og_forest *out, struct og_err *err) OG_MUST_CHECK;

/* cmd_train.c. The options that say how to learn; first member of the options of train and retrain.
 */
struct cmd_learn {
    struct og_opts_common common;
    const char *csv, *label, *normal, *categorical, *ignore, *exclude, *owner, *model, *key,
        *passphrase_file;
    uint64_t alpha, rounds, seed, max_share;
    bool unsupervised, no_header;
};
#define CMD_LEARN_INIT                                                                             \
    {                                                                                              \
        .alpha = CMD_ALPHA_PPM, .rounds = CMD_ROUNDS, .seed = 1, .max_share = CMD_SHARE_PPM        \
    }
#define CMD_LEARN_OPTS 16
extern const struct og_opt cmd_learn_opts[CMD_LEARN_OPTS];
enum og_rc cmd_learn_check(const struct cmd_learn *o, int operands, const char *operand,
                           struct og_err *err) OG_MUST_CHECK;

/* cmd_fit.c. A model from a table. The caller releases it. */
struct cmd_fit {
    struct og_schema_opts schema;
    char *names[3]; /* the lists of names, cut up */
    bool unsupervised;
    uint64_t rounds, seed;
    double alpha;
    double part; /* of the rows, from the first; 0: all */
};
struct cmd_fit cmd_fit_of(const struct cmd_learn *o); /* release with cmd_fit_release */
void cmd_fit_release(struct cmd_fit *f);
enum og_rc cmd_fit(const char *text, size_t len, const char *name, const struct cmd_fit *o,
                   struct og_model *out, struct og_err *err) OG_MUST_CHECK;

/* cmd_import.c. Counts under the names of their format; the caller decrefs. */
json_t *cmd_counts_json(enum og_feed_format f, const struct og_feed_counts *c);
/* Builds the set and writes it in place of path. */
enum og_rc cmd_intel_write(const char *path, struct og_intel *s, struct og_hash *hash,
                           struct og_err *err) OG_MUST_CHECK;
enum og_rc cmd_allow(struct og_intel *s, const char *prefix, struct og_err *err) OG_MUST_CHECK;
/* cmd_lookup.c. guard/intel in the state's folder; the caller frees. */
char *cmd_intel_path(const struct og_opts_common *c);
enum og_rc cmd_intel_read(const char *path, struct og_intel *out, struct og_err *err) OG_MUST_CHECK;

/* cmd_fetch.c. One transfer with what the last one said. */
struct cmd_fetch {
    const char *url;
    const char *const *header; /* lines, NULL-terminated; borrowed */
    uint64_t max_bytes, timeout_ms;
    char etag[256], modified[64]; /* in: of the last good copy; out: of this one */
    char added_last[64];          /* out: X-TAXII-Date-Added-Last */
    bool unchanged;               /* 304 */
};
enum og_rc cmd_fetch(struct cmd_fetch *f, struct og_buf *out, struct og_err *err) OG_MUST_CHECK;

#endif
