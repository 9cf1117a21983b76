/* model_tx.h - a signed transaction: one line of canonical JSON (protocol.md section 1). */
#ifndef OG_MODEL_TX_H
#define OG_MODEL_TX_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_addr.h"
#include "crypto/crypto_hash.h"
#include "crypto/crypto_sig.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define OG_TX_MAX       65536  /* bytes of a line */
#define OG_TX_MATCH_MAX 262144 /* match.commit */
#define OG_TX_CODE_MAX  131072 /* contract.deploy: 49,152 bytes of init code in hex */
#define OG_VALUE_MAX    ((uint64_t)1 << 62)

/* X(enumerator, "kind") */
#define OG_TX_KINDS(X)                                                                             \
    X(ACCOUNT_NEW, "account.new")                                                                  \
    X(CAPACITY_COMMIT, "capacity.commit")                                                          \
    X(CAPACITY_REVEAL, "capacity.reveal")                                                          \
    X(CONTRACT_CALL, "contract.call")                                                              \
    X(CONTRACT_DEPLOY, "contract.deploy")                                                          \
    X(EVIDENCE, "evidence")                                                                        \
    X(KEY_REVOKE, "key.revoke")                                                                    \
    X(KEY_ROTATE, "key.rotate")                                                                    \
    X(LEASE_RELEASE, "lease.release")                                                              \
    X(LEASE_RENEW, "lease.renew")                                                                  \
    X(LEASE_START, "lease.start")                                                                  \
    X(LINK_REPORT, "link.report")                                                                  \
    X(MATCH_COMMIT, "match.commit")                                                                \
    X(NODE_JOIN, "node.join")                                                                      \
    X(NODE_LEAVE, "node.leave")                                                                    \
    X(NODE_UPDATE, "node.update")                                                                  \
    X(PARAMS_SET, "params.set")                                                                    \
    X(PROTOCOL_UPGRADE, "protocol.upgrade")                                                        \
    X(RESULT_COMMIT, "result.commit")                                                              \
    X(RESULT_FAIL, "result.fail")                                                                  \
    X(RESULT_REVEAL, "result.reveal")                                                              \
    X(STAKE_BOND, "stake.bond")                                                                    \
    X(STAKE_UNBOND, "stake.unbond")                                                                \
    X(TASK_ACCEPT, "task.accept")                                                                  \
    X(TASK_CANCEL, "task.cancel")                                                                  \
    X(TASK_DISPUTE, "task.dispute")                                                                \
    X(TASK_SUBMIT, "task.submit")                                                                  \
    X(TRANSFER, "transfer")                                                                        \
    X(VERDICT, "verdict")                                                                          \
    X(VERDICT_COMMIT, "verdict.commit")

enum og_tx_kind {
#define X(e, name) OG_TX_##e,
    OG_TX_KINDS(X)
#undef X
        OG_TX_KIND_COUNT
};
const char *og_tx_kind_name(enum og_tx_kind k);
/* The first protocol that has the kind. */
uint64_t og_tx_kind_since(enum og_tx_kind k);
/* Longest line of the kind. */
size_t og_tx_kind_max(enum og_tx_kind k);

struct og_tx {
    enum og_tx_kind kind;
    struct og_hash chain;
    struct og_addr from, to;
    bool has_to;
    uint64_t seq, fee, value, valid_until;
    json_t *json;                 /* the whole object, without sig; owned */
    const json_t *body;           /* inside json */
    const json_t *pub;            /* inside json; NULL but in an account's first transaction */
    struct og_buf unsigned_bytes; /* OGPU-TX-v1\0 and the line without sig: what is signed */
    struct og_buf sig;
    struct og_hash id;   /* SHA-256 of unsigned_bytes */
    struct og_hash leaf; /* leaf of the transaction root: of the whole line */
    size_t line_bytes;
};

void og_tx_release(struct og_tx *tx);
/* Parses one line; refuses what is not canonical, too long, of unknown kind or with other members
 * (OG_E_DATA). On failure *tx is released. Does not verify the signature. */
enum og_rc og_tx_parse(const char *line, size_t n, struct og_tx *tx,
                       struct og_err *err) OG_MUST_CHECK;

struct og_draft {
    enum og_tx_kind kind;
    json_t *body;             /* borrowed */
    const struct og_addr *to; /* NULL: none */
    uint64_t value;
};
/* Appends the signed line (no newline). with_pub: an account's first transaction; it registers the
 * key's cold key, too. */
enum og_rc og_tx_sign(const struct og_draft *d, const struct og_key *key,
                      const struct og_hash *chain, uint64_t seq, uint64_t valid_until, uint64_t fee,
                      bool with_pub, struct og_buf *line, struct og_err *err) OG_MUST_CHECK;
/* {"alg","key"} of a public key. */
json_t *og_pub_to_json(const struct og_pub *p);
enum og_rc og_pub_from_json(const json_t *o, struct og_pub **out, struct og_err *err) OG_MUST_CHECK;

#endif
