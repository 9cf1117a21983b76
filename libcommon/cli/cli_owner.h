/* cli_owner.h - what the owner of a machine allows: worker.conf, and the same as options. */
#ifndef OG_CLI_OWNER_H
#define OG_CLI_OWNER_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_OWNER_UNSET    UINT64_MAX
#define OG_OWNER_SPANS    64
#define OG_OWNER_GPUS     64
#define OG_OWNER_FILE_MAX ((size_t)64 << 10)
#define OG_WEEK_MINUTES   (7 * 24 * 60)

/* Minutes of the week, Monday 00:00 is 0; [from, to), and to may lie in the week after. */
struct og_owner_span {
    uint32_t from, to;
};

/* For the machine, or for one GPU, where what is unset is the machine's. */
struct og_owner_gate {
    uint64_t use;       /* 0: never */
    uint64_t idle_ms;   /* open when nobody used the machine for so long */
    uint64_t alone;     /* 1: open while no other process computes on the GPU */
    uint64_t share_ppm; /* of cores and slots; of a GPU's memory and slots */
    uint64_t power_mw;  /* open at most at this */
    uint64_t temp_c;    /* the same */
    struct og_owner_span span[OG_OWNER_SPANS];
    size_t n_spans; /* 0: unset */
};

struct og_owner_gpu {
    char id[80]; /* index or UUID */
    struct og_owner_gate gate;
};

enum og_owner_leave { OG_LEAVE_FINISH, OG_LEAVE_GIVE_BACK };
enum og_owner_held { OG_HELD_WARN, OG_HELD_GIVE_BACK };

struct og_owner {
    struct og_owner_gate all;
    struct og_owner_gpu gpu[OG_OWNER_GPUS];
    size_t n_gpus;
    uint64_t leave;     /* enum og_owner_leave: of what runs when the gate closes */
    uint64_t grace_ms;  /* between SIGTERM and SIGKILL */
    uint64_t held_ms;   /* a lease that uses nothing for so long is held but idle */
    uint64_t held_then; /* enum og_owner_held */
    uint64_t scratch_bytes, output_bytes; /* of one job */
    uint64_t min_rate;                    /* grains per 10^9 MFLOP */
    char *classes, *submitters;           /* lists, as written; NULL: unset */
    char *activity;                       /* paths whose times say when somebody was here */
};

/* Everything unset. */
void og_owner_init(struct og_owner *o);
void og_owner_release(struct og_owner *o);

/* One key of the machine; OG_E_USAGE with a sentence. */
enum og_rc og_owner_set(struct og_owner *o, const char *key, const char *value,
                        struct og_err *err) OG_MUST_CHECK;
/* The text of a file, "KEY = VALUE" lines, "[gpu N]" before those of a GPU, "#" before a comment.
 * OG_E_CONFIG, the sentence starts "NAME:LINE: ". What was set before stays where the file is
 * silent. */
enum og_rc og_owner_parse(struct og_owner *o, const char *name, const char *text, size_t n,
                          struct og_err *err) OG_MUST_CHECK;

/* The rules of a GPU: its own, else the machine's. uuid may be "". */
void og_owner_gpu_gate(const struct og_owner *o, uint64_t index, const char *uuid,
                       struct og_owner_gate *out);
/* Is the minute of the week within the hours? */
bool og_owner_hours(const struct og_owner_gate *g, uint32_t minute);
/* The minute of the week of a Unix time, by the machine's time zone. */
uint32_t og_owner_minute(uint64_t unix_ms);
/* Is the word in a list that commas or spaces part? NULL lists hold nothing. */
bool og_owner_lists(const char *list, const char *word);

#endif
