/* model_taskrec.h - a task as people write it, one record of a bulk: members checked, bounded. */
#ifndef OG_MODEL_TASKREC_H
#define OG_MODEL_TASKREC_H

#include "base/base_err.h"
#include "crypto/crypto_hash.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_TASKREC_NAME_MAX  64
#define OG_TASKREC_ARGS_MAX  4096          /* arguments, files, dependencies of one task */
#define OG_TASKREC_ENV_MAX   256           /* variables */
#define OG_TASKREC_TEXT_MAX  (128u * 1024) /* bytes of one argument or value, and of all of them */
#define OG_TASKREC_PATH_MAX  1024          /* bytes of a path */
#define OG_TASKREC_URLS_MAX  4             /* of one input */
#define OG_TASKREC_AFTER_MAX 1024          /* dependencies */
#define OG_TASKREC_COUNT_MAX 4294967295u   /* elements; also the last index of an array */
#define OG_TASKREC_TIME_MAX  31536000000u  /* a year, in ms */
#define OG_TASKREC_CHECK_MAX 86400000u     /* a day */
#define OG_TASKREC_GPU_MAX   1024000000u   /* ppm of a GPU */
#define OG_TASKREC_SIZE_MAX  9007199254740991u
#define OG_TASKREC_LIMIT_MS  600000u /* limit_ms where none is given: ten minutes */
#define OG_TASKREC_CHUNK_MAX 1024u
#define OG_TASKREC_NODES_MAX 4096u

/* Pointers are borrowed from the parsed object. */
struct og_taskrec {
    const char *name; /* NULL: none */
    const json_t *argv;
    const char *kernel; /* either argv, or kernel and args, or cuda */
    const json_t *args;
    const json_t *cuda;                           /* see model_cuda.h; valid */
    const json_t *env, *in, *out, *check, *after; /* NULL: none; entries by the readers below */
    uint64_t check_limit_ms;                      /* 0: none given */
    uint64_t cores, mem_bytes, gpu_ppm, gpu_mem_bytes;
    uint64_t nodes;                          /* that an element runs on at once */
    uint64_t urgency, deadline_ms, limit_ms; /* deadline_ms: from now, 0 none */
    bool has_max_price;
    uint64_t max_price;
    uint64_t count, index0, chunk; /* chunk 0: none given */
    bool is_array;
    uint64_t verify, samples; /* enum og_verify */
    uint64_t expires_ms;      /* 0: none given */
    uint64_t retry;
    bool no_sandbox;
    const char *root; /* a folder or tar archive that takes the place of the node's system; NULL */
    bool network;     /* the job asks for the network */
};

/* What is wrong is OG_E_DATA, "'member' must be …". Unknown members are ignored, but told below. */
enum og_rc og_taskrec_parse(const json_t *o, struct og_taskrec *out,
                            struct og_err *err) OG_MUST_CHECK;

/* Calls say for each member of the record and of the objects of its `in` that no reader knows;
 * meant: the member that is written nearly so, NULL: none is. */
typedef void (*og_taskrec_say_fn)(void *ctx, const char *member, const char *meant);
void og_taskrec_unknown(const json_t *o, og_taskrec_say_fn say, void *ctx);

/* Entry i of `in`. */
struct og_taskrec_in {
    const char *path; /* as written */
    const char *url[OG_TASKREC_URLS_MAX];
    size_t n_url; /* 0: a file of the submitter's */
    struct og_hash sha256;
    bool has_bytes;
    uint64_t bytes; /* of a URL, when given */
};
enum og_rc og_taskrec_in(const struct og_taskrec *r, size_t i, struct og_taskrec_in *out,
                         struct og_err *err) OG_MUST_CHECK;

/* Entry i of `after`: a number or "NAME", with ":ok", ":any" or ":fail" behind it. */
struct og_taskrec_after {
    uint64_t task; /* 0: by name */
    const char *name;
    size_t name_len;
    uint64_t when; /* as in struct og_dep: 0 ok, 1 any, 2 fail */
};
enum og_rc og_taskrec_after(const struct og_taskrec *r, size_t i, struct og_taskrec_after *out,
                            struct og_err *err) OG_MUST_CHECK;
/* The text form alone. */
bool og_taskrec_after_text(const char *s, struct og_taskrec_after *out);

/* "A-B" or "A"; A <= B <= OG_TASKREC_COUNT_MAX - 1. */
bool og_taskrec_array(const char *s, uint64_t *index0, uint64_t *count);
/* 1..64 bytes of UTF-8 without control characters and ':', not a number. */
bool og_taskrec_name_ok(const char *s);
/* "./a//b" becomes "a/b"; false for absolute paths, "..", control bytes, nothing, or too long. */
bool og_taskrec_path(const char *s, char out[OG_TASKREC_PATH_MAX + 1]);

#endif
