/* fuzz_spec.c - spec lines: what is accepted is whole and within bounds, and reads the same again.
 */
#include "base/base_io.h"
#include "work/work_spec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_ins(const struct og_spec_in *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        check(og_io_path_is_tame(in[i].path));
        check(in[i].n_urls <= OG_SPEC_URLS_MAX);
        for (size_t k = 0; k < in[i].n_urls; k++)
            check(in[i].urls[k] != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_spec s;
    struct og_spec again;
    struct og_err err;
    if (og_spec_parse((const char *)data, size, &s, &err) != OG_OK) {
        check(s.json == NULL && s.argv == NULL && s.in == NULL && err.msg[0] != '\0');
        return 0;
    }
    check((s.argv != NULL) + (s.kernel != NULL) + s.is_cuda == 1);
    check(!s.is_cuda || (s.cuda.source && s.cuda.entry && s.cuda.grid[2] && s.cuda.block[2]));
    check(!s.argv || s.argv[0] != NULL);
    check(s.env[s.n_env] == NULL);
    for (size_t i = 0; i < s.n_env; i++)
        check(strchr(s.env[i], '=') > s.env[i]);
    for (size_t i = 0; i < s.n_out; i++)
        check(og_io_path_is_tame(s.out[i]));
    check_ins(s.in, s.n_in);
    check_ins(s.check_in, s.n_check_in);
    char *text = json_dumps(s.json, JSON_COMPACT);
    if (text && strlen(text) < size) {
        check(og_spec_parse(text, strlen(text), &again, &err) == OG_OK);
        check(again.n_in == s.n_in && again.n_out == s.n_out && again.base == s.base &&
              again.no_sandbox == s.no_sandbox);
        og_spec_release(&again);
    }
    free(text);
    og_spec_release(&s);
    return 0;
}
