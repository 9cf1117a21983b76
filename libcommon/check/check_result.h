/* check_result.h - the leaves of a result's tree: what a program left behind, blocks of a product.
 */
#ifndef OG_CHECK_RESULT_H
#define OG_CHECK_RESULT_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_RESULT_OUT_MAX   4096       /* output files of one element */
#define OG_RESULT_LEAF_MAX  (1u << 22) /* bytes of one leaf */
#define OG_RESULT_INT_MAX   ((1ull << 53) - 1)
#define OG_RESULT_ROWS_LEAF 64 /* rows of a product in one leaf */

struct og_result_blob {
    uint64_t bytes;
    struct og_hash sha256;
};

struct og_result_out {
    char *path; /* relative, stays inside */
    struct og_result_blob blob;
};

/* One element. In the structure that og_result_parse fills, out and the paths are its own. */
struct og_result_element {
    uint64_t index; /* of the element in its array */
    uint32_t exit;  /* 0..255; a signal n is 128 + n */
    struct og_result_blob stdout_blob, stderr_blob;
    struct og_result_out *out; /* ascending by path bytes, no path twice */
    size_t out_n;
};

/* Exit status of a child that returned `code`, or that signal number `code` ended. */
uint32_t og_result_exit(bool signaled, int code);

/* Puts out[] in the order that a leaf demands. */
void og_result_sort(struct og_result_out *out, size_t n);

/* Appends the leaf: canonical JSON
 *   {"exit":0,"index":0,"out":[{"bytes":1,"path":"a","sha256":"…"}],
 *    "stderr":{"bytes":0,"sha256":"…"},"stdout":{…}}
 * OG_E_DATA (nothing appended): numbers out of range, a path that is not tame or not UTF-8, wrong
 * order, too many outputs. */
enum og_rc og_result_leaf(const struct og_result_element *e, struct og_buf *out,
                          struct og_err *err) OG_MUST_CHECK;
/* RFC 6962 leaf hash of the bytes. */
struct og_hash og_result_leaf_hash(const void *p, size_t n);

/* Reads a leaf back; refuses any byte string that og_result_leaf would not have written.
 * Release *out afterwards; on failure it is empty. */
enum og_rc og_result_parse(const char *s, size_t n, struct og_result_element *out,
                           struct og_err *err) OG_MUST_CHECK;
void og_result_release(struct og_result_element *e);

/* Leaves of a kernel's output: blocks of OG_RESULT_ROWS_LEAF rows, raw bytes, the last one shorter.
 */
size_t og_result_kernel_count(size_t rows);
/* Leaf hash of block i, i < count; p points at the whole output. */
struct og_hash og_result_kernel_leaf(const void *p, size_t rows, size_t row_bytes, size_t i);
/* All of them, into out[og_result_kernel_count(rows)]. */
void og_result_kernel_leaves(const void *p, size_t rows, size_t row_bytes, struct og_hash *out);

#endif
