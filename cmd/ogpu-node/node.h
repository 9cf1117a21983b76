/* node.h - what the files of ogpu-node share. */
#ifndef OG_NODE_NODE_H
#define OG_NODE_NODE_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "cli/cli_opts.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NODE_ID_LEN 40 /* hex digits of a peer's id */
#define NODES_MAX   64

#define COMET_VERSION "v0.40.0"

/* The commands; argv[0] is the command's word. Each returns the exit status. */
int node_init(int argc, char **argv);
int node_join(int argc, char **argv);
int node_start(int argc, char **argv);
int node_status(int argc, char **argv);
int node_testnet(int argc, char **argv);

/* node_path.c. Programs: the engine ($OGPU_COMETBFT, the cache that `make deps-net` fills, beside
 * this binary, PATH) and our other tools (beside this binary, PATH). The caller frees.
 * OG_E_UNAVAILABLE says where it was looked for. */
enum og_rc node_find_comet(char **out, struct og_err *err) OG_MUST_CHECK;
enum og_rc node_find_tool(const char *tool, char **out, struct og_err *err) OG_MUST_CHECK;
/* Runs a program to its end with nothing on stdin and stdout; a status other than 0 is a failure.
 */
enum og_rc node_run(const char *path, const char *const *argv, struct og_err *err) OG_MUST_CHECK;
/* The path with no links and no dots in it; the folder must be there. */
enum og_rc node_real(const char *dir, char **out, struct og_err *err) OG_MUST_CHECK;

/* node_files.c. What the engine reads of a node below HOME/comet. */
struct node_files {
    const char *home, *keys_dir, *name;
    const char *p2p, *rpc; /* HOST:PORT to listen on */
    const char *peers;     /* ID@HOST:PORT,… */
    const char *genesis;   /* CometBFT's, as text */
    const char *sync;  /* HOST:PORT,… of members that prove a snapshot; NULL: from block 1 on */
    const char *trust; /* HEIGHT:HASH that is known to be right */
    bool loopback;     /* all peers on this machine */
    uint64_t block_ms; /* wait after a block */
};
/* Makes node key and identity where missing; id: of the peer. */
enum og_rc node_files_id(const char *home, char id[NODE_ID_LEN + 1],
                         struct og_err *err) OG_MUST_CHECK;
/* Config, genesis, validator key (NAME.consensus.pem), and the address of the RPC in the state. */
enum og_rc node_files_write(const struct node_files *f, struct og_err *err) OG_MUST_CHECK;

/* node_genesis.c. */
struct og_store;
/* CometBFT's genesis around the state's. vals NULL: the validators of the state. */
enum og_rc node_genesis(struct og_store *st, const struct og_buf *vals, bool replay,
                        struct og_buf *out, struct og_err *err) OG_MUST_CHECK;
/* A state from the genesis that text (CometBFT's genesis file) holds. */
enum og_rc node_state_from(const char *text, size_t n, const char *home,
                           struct og_err *err) OG_MUST_CHECK;

/* node_pair.c. Application and engine of one home, kept running together. */
struct node_pair {
    char *home, *keys_dir;
    char *comet;             /* path of the engine */
    int log_fd;              /* of both; -1: ours */
    uint64_t snapshot_every; /* blocks; 0: never */
    pid_t app, engine, blobs;
    uint64_t blobs_ms;                      /* when the server of blobs was last started */
    uint64_t started_ms, again_ms, wait_ms; /* monotonic; again: when a restart is due */
    int lock_fd;
    bool stopping;
};
/* One supervisor a home: OG_E_TEMPFAIL when there is one. */
enum og_rc node_pair_open(struct node_pair *p, const char *home, const char *keys_dir,
                          const char *comet, struct og_err *err) OG_MUST_CHECK;
void node_pair_close(struct node_pair *p);
enum og_rc node_pair_start(struct node_pair *p, struct og_err *err) OG_MUST_CHECK;
/* Sees to who has ended and restarts pairs; call often. OG_E_CONFIG: one can never run. */
enum og_rc node_pair_tend(struct node_pair *p, size_t n, struct og_err *err) OG_MUST_CHECK;
/* Engine first, then application; waits for both. */
void node_pair_stop(struct node_pair *p, size_t n);

/* node_net.c */
struct node_net {
    char *dir; /* holds node0, node1, …, keys and blobs */
    size_t n;
    struct node_pair pair[NODES_MAX];
    char host[16]; /* 127.a.b.c, and the ones after it */
    bool replay;
    uint64_t snapshot_every;
};
enum og_rc node_net_make(struct node_net *t, const char *from, uint64_t mflops, const char *alg,
                         struct og_err *err) OG_MUST_CHECK;
enum og_rc node_net_start(struct node_net *t, struct og_err *err) OG_MUST_CHECK;
/* Until every node has committed block `height`; tends the pairs meanwhile. */
enum og_rc node_net_wait(struct node_net *t, uint64_t height, uint64_t timeout_ms,
                         struct og_err *err) OG_MUST_CHECK;
char *node_net_home(const struct node_net *t, size_t i);
void node_net_close(struct node_net *t);

/* node_demo.c: the main job on a running network, node 0's home. Prints steps and times. */
enum og_rc node_demo(struct node_net *t, uint64_t started_ms, struct og_err *err) OG_MUST_CHECK;
/* node_feed.c: the blocks of a local chain into a replay network; compares the app hashes. */
enum og_rc node_feed(struct node_net *t, const char *from, struct og_err *err) OG_MUST_CHECK;

#endif
