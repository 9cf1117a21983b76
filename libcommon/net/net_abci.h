/* net_abci.h - ABCI 2.0 as CometBFT 0.38 to 0.40 speaks it over a socket: requests read, responses
 * written. A frame is a varint length and a protobuf message. Field numbers: CometBFT's
 * proto/tendermint/abci/types.proto. */
#ifndef OG_NET_ABCI_H
#define OG_NET_ABCI_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "net/net_pb.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_ABCI_FRAME_MAX  (48u << 20) /* bytes of a request that we read */
#define OG_ABCI_VOTES_MAX  10000u
#define OG_ABCI_FAULTS_MAX 1000u
#define OG_ABCI_ADDR_LEN   20

/* Numbers of the request; the response's is one more. */
enum og_abci_call {
    OG_ABCI_NONE = 0,
    OG_ABCI_ECHO = 1,
    OG_ABCI_FLUSH = 2,
    OG_ABCI_INFO = 3,
    OG_ABCI_INIT_CHAIN = 5,
    OG_ABCI_QUERY = 6,
    OG_ABCI_CHECK_TX = 8,
    OG_ABCI_COMMIT = 11,
    OG_ABCI_LIST_SNAPSHOTS = 12,
    OG_ABCI_OFFER_SNAPSHOT = 13,
    OG_ABCI_LOAD_CHUNK = 14,
    OG_ABCI_APPLY_CHUNK = 15,
    OG_ABCI_PREPARE = 16,
    OG_ABCI_PROCESS = 17,
    OG_ABCI_EXTEND_VOTE = 18,
    OG_ABCI_VERIFY_VOTE = 19,
    OG_ABCI_FINALIZE = 20,
    OG_ABCI_INSERT_TX = 21,
    OG_ABCI_REAP_TXS = 22
};

enum { OG_ABCI_ACCEPT = 1, OG_ABCI_REJECT = 2 };               /* Process, VerifyVote */
enum { OG_ABCI_FLAG_ABSENT = 1, OG_ABCI_FLAG_COMMIT = 2 };     /* of a vote */
enum { OG_ABCI_DUPLICATE_VOTE = 1, OG_ABCI_LIGHT_ATTACK = 2 }; /* of a fault */

struct og_abci_vote {
    uint8_t addr[OG_ABCI_ADDR_LEN];
    int64_t power;
    uint64_t flag;
};

struct og_abci_fault {
    uint64_t type;
    uint8_t addr[OG_ABCI_ADDR_LEN];
    int64_t height;
};

struct og_abci_snapshot {
    uint64_t height;
    uint32_t format, chunks;
    struct og_span hash, metadata;
};

/* Members that a call does not have are zero. Spans point into the frame. */
struct og_abci_req {
    enum og_abci_call call;
    struct og_span message;             /* Echo */
    struct og_span abci_version;        /* Info */
    struct og_span chain_id, app_state; /* InitChain */
    struct og_span data, path;          /* Query */
    bool prove;                         /* Query */
    struct og_span tx;                  /* CheckTx, InsertTx */
    bool recheck;                       /* CheckTx */
    int64_t max_tx_bytes;               /* Prepare */
    struct og_span *txs;                /* Prepare, Process, Finalize; owned */
    size_t n_txs;
    struct og_abci_vote *votes; /* of the last commit; owned */
    size_t n_votes;
    uint64_t round; /* of the last commit */
    struct og_abci_fault *faults;
    size_t n_faults;
    int64_t height; /* also Query's and InitChain's initial height */
    int64_t time_s;
    int32_t time_ns;
    struct og_span hash, proposer;
    struct og_abci_snapshot snapshot; /* OfferSnapshot */
    struct og_span app_hash;          /* OfferSnapshot */
    uint64_t chunk_height;            /* LoadSnapshotChunk */
    uint32_t chunk_format, chunk;     /* LoadSnapshotChunk; chunk also Apply */
    struct og_span chunk_data, sender, extension;
};

/* One request; OG_E_DATA when the bytes are not one that we know. Release in every case. */
enum og_rc og_abci_read(struct og_span msg, struct og_abci_req *out,
                        struct og_err *err) OG_MUST_CHECK;
void og_abci_release(struct og_abci_req *r);
/* Milliseconds of time_s and time_ns, 0 before the epoch. */
uint64_t og_abci_time_ms(const struct og_abci_req *r);

/* Appends the frame that answers `call` with this message. */
void og_abci_frame(struct og_buf *out, enum og_abci_call call, const struct og_buf *body);
/* Appends the frame that ends the engine. */
void og_abci_exception(struct og_buf *out, const char *why);

/* ValidatorUpdate {key type's field number in PublicKey, key, power}, appended as field no. */
enum { OG_ABCI_KEY_ED25519 = 1, OG_ABCI_KEY_MLDSA65 = 4 };
void og_abci_put_validator(struct og_buf *out, uint32_t no, uint32_t key_type, struct og_span key,
                           int64_t power);
/* ExecTxResult as field no. */
void og_abci_put_result(struct og_buf *out, uint32_t no, uint32_t code, const char *log);
/* Snapshot as field no. */
void og_abci_put_snapshot(struct og_buf *out, uint32_t no, const struct og_abci_snapshot *s);

#endif
