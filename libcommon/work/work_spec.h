/* work_spec.h - what a task runs: its line of the spec blob, read and checked. */
#ifndef OG_WORK_SPEC_H
#define OG_WORK_SPEC_H

#include "base/base_err.h"
#include "crypto/crypto_hash.h"
#include "model/model_cuda.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_SPEC_BLOB_MAX  ((size_t)1 << 30)
#define OG_SPEC_URLS_MAX  4
#define OG_SPEC_ARGS_MAX  65536
#define OG_SPEC_NODES_MAX 4096

struct og_spec_in {
    const char *path;
    struct og_hash sha256;
    uint64_t bytes; /* UINT64_MAX: not said */
    bool executable;
    const char *urls[OG_SPEC_URLS_MAX];
    size_t n_urls;
};

/* Every text lies in json. */
struct og_spec {
    json_t *json;
    const char **argv; /* NULL-terminated; NULL for a kernel, built-in or CUDA */
    char **env;        /* NULL-terminated "K=V" */
    size_t n_env;
    struct og_spec_in *in;
    size_t n_in;
    const char **out;
    size_t n_out;
    bool no_sandbox;
    bool net;               /* asks for the network */
    struct og_spec_in root; /* a tarball that takes the system's place; path NULL: none */
    const char *kernel;     /* NULL for a program, and for CUDA */
    const json_t *args;
    bool is_cuda;
    struct og_cuda cuda;
    const char **check_argv; /* NULL: there is no check command */
    struct og_spec_in *check_in;
    size_t n_check_in;
    uint64_t nodes; /* that run it together, one rank each; 0 as 1 */
    uint64_t base;  /* the number of the array's first element ("index0"), 0 */
};

/* Keeps the blobs last read, so that the lines of a batch are found without reading all again. */
struct og_spec_cache;
struct og_spec_cache *og_spec_cache_new(const char *state_dir);
void og_spec_cache_free(struct og_spec_cache *c);

/* OG_E_NOINPUT: the blob is not here; OG_E_DATA: it is damaged, has no such line, or the line
 * breaks a rule. On failure *out is released. */
enum og_rc og_spec_load(struct og_spec_cache *c, const struct og_hash *blob, uint64_t line,
                        struct og_spec *out, struct og_err *err) OG_MUST_CHECK;
/* One line; what a blob holds. Bounded, for outside bytes. */
enum og_rc og_spec_parse(const char *s, size_t n, struct og_spec *out,
                         struct og_err *err) OG_MUST_CHECK;
void og_spec_release(struct og_spec *s);

#endif
