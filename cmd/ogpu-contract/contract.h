/* contract.h - what the files of ogpu-contract share. */
#ifndef OG_CONTRACT_H
#define OG_CONTRACT_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "cli/cli_opts.h"

/* The commands; argv[0] is the command's word. Each returns the exit status. */
int contract_check(int argc, char **argv);
int contract_fuzz(int argc, char **argv);
int contract_prove(int argc, char **argv);
int contract_run(int argc, char **argv);
int contract_statetest(int argc, char **argv);

/* One piece of code to run, as a file or operand gave it. */
struct contract_code {
    char *name; /* its key in a file of several, else NULL */
    struct og_buf code, input;
};
struct contract_codes {
    struct contract_code *v;
    size_t n, cap;
};

#define CONTRACT_FILE_MAX ((size_t)64 << 20)

/* Hex ("0x" or not), a file of hex, or a file of JSON: an object with "code" (or "runtime") and
 * perhaps "input", or an object of such objects. "-" is stdin. */
enum og_rc contract_load(const char *operand, struct contract_codes *out,
                         struct og_err *err) OG_MUST_CHECK;
void contract_release(struct contract_codes *c);
/* Appends the bytes that hex digits stand for; blanks around them are skipped. */
enum og_rc contract_hex(const char *s, const char *what, struct og_buf *out,
                        struct og_err *err) OG_MUST_CHECK;

/* For og_vm_tracer_init: a line on stderr. */
void contract_trace_line(void *ctx, const char *json, size_t n);

#endif
