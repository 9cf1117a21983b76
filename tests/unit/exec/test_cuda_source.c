/* test_cuda_source.c - rewritten declarations, dropped includes, barriers found and not imagined.
 */
#include "exec/exec_cuda_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void becomes(const char *text, const char *want, bool want_fibers)
{
    struct og_buf b = OG_BUF_INIT;
    bool fibers;
    og_cuda_source(text, strlen(text), &b, &fibers);
    assert_string_equal(b.p ? b.p : "", want);
    assert_int_equal(fibers, want_fibers);
    og_buf_release(&b);
}

static void test_kept(void **st)
{
    (void)st;
    becomes("", "", false);
    becomes("int a; // extern __shared__ int s[];\n", "int a; // extern __shared__ int s[];\n",
            false);
    becomes("extern \"C\" __global__ void f();", "extern \"C\" __global__ void f();", false);
    becomes("extern int x[]; __shared__ float s[4];", "extern int x[]; __shared__ float s[4];",
            false);
    becomes("/* unclosed extern __shared__ int s[];", "/* unclosed extern __shared__ int s[];",
            false);
    becomes("\"extern __shared__ int s[];", "\"extern __shared__ int s[];", false);
    becomes("#include <math.h>\n#include \"mine.h\"\n", "#include <math.h>\n#include \"mine.h\"\n",
            false);
}

static void test_shared(void **st)
{
    (void)st;
    becomes("{ extern __shared__ float s[]; s[0] = 1; }",
            "{ float *const s = (float *)ogpu_rt_shared(); s[0] = 1; }", false);
    becomes("extern __shared__ unsigned int\n  t[ ];\nint b;",
            "unsigned int *const t = (unsigned int *)ogpu_rt_shared();\n\nint b;", false);
    becomes("extern /* x */ __align__(16) __shared__ float4 v[];x",
            "float4 *const v = (float4 *)ogpu_rt_shared();x", false);
}

static void test_includes(void **st)
{
    (void)st;
    becomes("#include <cuda_runtime.h>\nint a;\n  #  include \"cuda_fp16.h\" // half\nint b;",
            "\nint a;\n  \nint b;", false);
    becomes("#include <cuda.h", "#include <cuda.h", false);
}

static void test_fibers(void **st)
{
    (void)st;
    becomes("__syncthreads();", "__syncthreads();", true);
    becomes("x = __shfl_down_sync(m, v, 1);", "x = __shfl_down_sync(m, v, 1);", true);
    becomes("// __syncthreads()\n", "// __syncthreads()\n", false);
    becomes("\"__syncthreads\"", "\"__syncthreads\"", false);
    becomes("my__syncthreads();", "my__syncthreads();", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_includes),
        cmocka_unit_test(test_fibers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
