/* work_pace.h - the rhythm of a tool that watches the chain: when to look, when to seal. */
#ifndef OG_WORK_PACE_H
#define OG_WORK_PACE_H

#include "engine/engine.h"

#include <stdbool.h>
#include <stdint.h>

struct og_pace {
    uint64_t version, moved_ms, looked_ms, sealed_ms;
    uint64_t idle_ms; /* between blocks that only let time pass */
    uint64_t txs;     /* without block.open */
};

void og_pace_init(struct og_pace *p);
/* Waits for wake_fd, for in_fd (-1: none), for a commit of anybody, or for the time of the next
 * look, which comes in at most_ms at the latest (-1: as the rhythm has it). */
enum og_rc og_pace_wait(const struct og_pace *p, struct og_store *st, int wake_fd, int in_fd,
                        int most_ms, bool *woken, bool *readable, struct og_err *err) OG_MUST_CHECK;
/* Must the state be looked at? changed: we changed it ourselves. */
bool og_pace_look(struct og_pace *p, struct og_store *st, bool changed);
/* Seals where a key for that is held: at once when `want`, an old block in any case, and now and
 * then when nothing moves, so that deadlines pass; less and less often when `patient`. */
enum og_rc og_pace_seal(struct og_pace *p, struct og_engine *e, bool want, bool patient,
                        bool *sealed, struct og_err *err) OG_MUST_CHECK;

/* After a write to stdout failed: true when its reader has gone away. Then nothing more is written,
 * and closing stdout is no error. */
bool og_pace_reader_left(void);

#endif
