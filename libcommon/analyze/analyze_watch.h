/* analyze_watch.h - sees what the interpreter does: places reached, words compared, storage, calls,
 * hashes. */
#ifndef OG_ANALYZE_WATCH_H
#define OG_ANALYZE_WATCH_H

#include "analyze/analyze_world.h"
#include "vm/vm_trace.h"

#define OG_WATCH_MAP   65536 /* edges of the contract's code, hashed */
#define OG_WATCH_WORDS 64

struct og_watch {
    struct og_vm_tracer tracer;
    uint8_t *edge;  /* OG_WATCH_MAP counters, or NULL */
    uint32_t last;  /* pc of the last jump */
    uint32_t dests; /* JUMPDESTs met */
    bool looped;    /* a jump back */
    bool reentered; /* it was called while it ran */
    bool invalid;   /* opcode 0xfe in the contract */
    uint32_t invalid_pc, last_pc;
    bool panicked; /* the contract reverted with Panic(1): assert() since Solidity 0.8 */
    uint32_t panic_pc;
    const struct og_hash *agent_code; /* hash of the agent's code, or NULL */
    bool foreign;                     /* the agent's code ran as the contract's */
    bool destroyed;
    uint32_t destroy_pc;
    uint32_t call_pc; /* of the last call out of the contract that carried ether */
    uint32_t loop_pc; /* the last jump back */
    size_t steps;
    uint64_t all_steps;                  /* of all messages */
    struct og_u256 word[OG_WATCH_WORDS]; /* operands of comparisons and words of storage, newest */
    size_t n_words;
    uint8_t sought_op; /* ADD, SUB or MUL of these words is sought; 0: none */
    struct og_u256 sought[2];
    bool found_sought;
    uint32_t found_pc;
    bool keep_images;
    struct og_preimage *image;
    size_t n_images, cap_images;
};

void og_watch_init(struct og_watch *w);
void og_watch_release(struct og_watch *w);
/* Forgets all but images and the map; before a message. */
void og_watch_reset(struct og_watch *w);

#endif
