/* analyze_world.h - a small world around a contract: the interpreter, accounts, deployment.
 *
 * Everything in it is fixed: addresses, block, balances; a run gives the same every time. The owner
 * deploys; a user is a bystander who pays in; the attacker is an account and a contract of its own
 * (the agent), whose code is made for each message. Every account has OG_WORLD_WEI. */
#ifndef OG_ANALYZE_WORLD_H
#define OG_ANALYZE_WORLD_H

#include "analyze/analyze_input.h"
#include "vm/vm.h"

#define OG_WORLD_GAS 30000000 /* of a message: a block's */

enum og_who { OG_WHO_OWNER, OG_WHO_USER, OG_WHO_ATTACKER, OG_WHO_AGENT, OG_WHO_CONTRACT, OG_N_WHO };

struct og_world_slot {
    struct og_u256 key, word;
};

/* A hash that code computed, for keys of storage that are hashes. */
struct og_preimage {
    struct og_hash hash;
    uint32_t n;
    uint8_t bytes[64];
};

/* What deployment left behind. */
struct og_deployed {
    struct og_buf code; /* as it stands on the chain, immutables filled in */
    struct og_world_slot *slot;
    size_t n_slots, cap_slots;
    struct og_preimage *image; /* of up to 64 bytes, hashed by the constructor */
    size_t n_images, cap_images;
    struct og_u256 balance;
    bool constructed; /* false: the code was given as it is, and storage is empty */
    char *args;       /* the constructor's arguments, hex; "" for none */
};

const struct og_addr *og_world_addr(enum og_who who);
const char *og_world_name(enum og_who who);
const struct og_vm_env *og_world_env(void);
/* 10^24 */
struct og_u256 og_world_wei(void);

/* Runs the creation code, with made-up arguments where the ABI wants some (numbers 1000, or 1, or
 * 0; addresses the owner's; no ether, or one). The contract stands at OG_WHO_CONTRACT. Without
 * creation code the runtime code is taken as it is. OG_E_DATA: no arguments made the constructor
 * succeed; runtime code is then taken where there is some. */
enum og_rc og_deploy(const struct og_contract *c, struct og_deployed *out,
                     struct og_err *err) OG_MUST_CHECK;
void og_deployed_release(struct og_deployed *d);

/* A new state with the accounts and the deployed contract; the caller frees. */
struct og_vm_state *og_world_state(const struct og_deployed *d);

#endif
