/* analyze_mem.h - memory of a symbolic run: pieces written one over the other.
 *
 * Places are a base term (0: none) and a number. Different bases are taken to be apart, as the
 * memory of Solidity is; `guessed` says that something rests on it. */
#ifndef OG_ANALYZE_MEM_H
#define OG_ANALYZE_MEM_H

#include "analyze/analyze_term.h"

enum og_chunk_kind {
    OG_CHUNK_WORD, /* at: the word, 32 bytes */
    OG_CHUNK_BYTE, /* at: its low byte */
    OG_CHUNK_DATA, /* of the calldata, at: from there on */
    OG_CHUNK_RET,  /* of what call `id` returned, at: from there on */
    OG_CHUNK_ZERO,
    OG_CHUNK_ANY /* unknown */
};

#define OG_CHUNK_END UINT64_MAX /* a length that is not known */

struct og_chunk {
    enum og_chunk_kind kind;
    og_t base, at;
    uint64_t off, len;
    uint32_t id;
};

struct og_mem {
    struct og_chunk *v;
    size_t n, cap;
    bool guessed;
    bool lost; /* a write that was not kept: all of it is unknown */
};

void og_mem_copy(struct og_mem *to, const struct og_mem *from);
void og_mem_release(struct og_mem *m);
void og_mem_write(struct og_terms *ts, struct og_mem *m, og_t place, const struct og_chunk *c);
void og_mem_put_word(struct og_terms *ts, struct og_mem *m, og_t place, og_t word);
void og_mem_put_bytes(struct og_terms *ts, struct og_mem *m, og_t place, const uint8_t *p,
                      size_t n);
/* The 32 bytes from there on, of transaction tx. */
og_t og_mem_word(struct og_terms *ts, struct og_mem *m, og_t place, uint32_t tx);
/* 32 bytes of the calldata. */
og_t og_data_word(struct og_terms *ts, og_t place, uint32_t tx);

#endif
