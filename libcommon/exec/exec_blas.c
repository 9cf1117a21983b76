/* exec_blas.c - dlopen of libopenblas; nothing links to it. */
#include "exec/exec_blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#define ROW_MAJOR 101
#define NO_TRANS  111

typedef void sgemm_fn(int, int, int, int, int, int, float, const float *, int, const float *, int,
                      float, float *, int);
typedef void set_threads_fn(int);

static sgemm_fn *sgemm;

/* ISO C has no cast from object to function pointer; POSIX promises that the bytes mean the same.
 */
static void load(void)
{
    void *lib = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!lib)
        lib = dlopen("libopenblas.so", RTLD_NOW | RTLD_LOCAL);
    if (!lib)
        return;
    void *f = dlsym(lib, "cblas_sgemm");
    void *t = dlsym(lib, "openblas_set_num_threads");
    if (!f || !t) {
        dlclose(lib);
        return;
    }
    set_threads_fn *set_threads;
    memcpy(&set_threads, &t, sizeof t);
    set_threads(1); /* the caller divides the work among its own threads */
    memcpy(&sgemm, &f, sizeof f);
}

bool og_blas_load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return sgemm != NULL;
}

void og_blas_gemm_f32(size_t m, size_t n, size_t k, const float *a, const float *b, float *c)
{
    sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, (int)m, (int)n, (int)k, 1.0f, a, (int)k, b, (int)n, 0.0f,
          c, (int)n);
}
