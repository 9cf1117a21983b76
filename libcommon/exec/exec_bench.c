/* exec_bench.c - capacity by doing: products of seeded random matrices for a while. */
#include "exec/exec_bench.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "crypto/crypto_hash.h"
#include "exec/exec_product.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIM          768 /* three matrices of 2.25 MiB: beyond the small caches, quick to make */
#define WARM_UP_MS   60
#define DURATION_MAX 60000

struct answer {
    uint64_t mflops_per_s;
    uint64_t checksum;
};

void og_capacity_fill(const uint8_t seed[32], uint64_t stream, uint64_t at, float *out, uint64_t n)
{
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-capacity");
    og_hasher_add(&h, seed, 32);
    og_hasher_u64(&h, stream);
    struct og_hash key = og_hasher_final(&h);
    uint64_t base = og_get_be64(key.b);
    for (uint64_t i = 0; i < n; i++) {
        /* 24 bits of the counter's mix: exact in a float, in (-1, 1), never 0 */
        uint32_t r = (uint32_t)(og_splitmix64(base + at + i) >> 40);
        out[i] = ((float)r + 0.5f) / 8388608.0f - 1.0f;
    }
}

static uint64_t digest(const float *c, size_t n)
{
    struct og_hash h = og_sha256(c, n * sizeof *c);
    return og_get_be64(h.b);
}

/* In the child. Each product feeds the next, so that none can be left out. */
static int measure(const uint8_t seed[32], unsigned threads, uint64_t duration_ms,
                   struct answer *out)
{
    size_t cells = (size_t)DIM * DIM;
    const struct og_product k = {OG_PRODUCT_F32, DIM, DIM, DIM};
    float *a = og_xmalloc(cells * sizeof *a);
    float *b = og_xmalloc(cells * sizeof *b);
    float *c = og_xcalloc(cells, sizeof *c);
    og_capacity_fill(seed, 0, 0, a, cells);
    og_capacity_fill(seed, 1, 0, b, cells);
    uint64_t start = og_time_mono_us(), now = start, products = 0;
    bool warm = false;
    for (uint64_t i = 0; !warm || now - start < duration_ms * 1000; i++) {
        og_product_run(&k, a, b, c, threads);
        a[i % cells] = c[(i * 7919) % cells] / (float)DIM;
        products++;
        now = og_time_mono_us();
        if (!warm && now - start >= WARM_UP_MS * 1000) {
            warm = true;
            start = now;
            products = 0;
        }
    }
    uint64_t flop = 2 * (uint64_t)DIM * DIM * DIM;
    out->mflops_per_s = og_muldiv(products, flop, og_max_u64(now - start, 1)); /* flop/us */
    out->checksum = digest(c, cells);
    return 0;
}

static void child(int to, const uint8_t seed[32], unsigned threads, uint64_t duration_ms,
                  pid_t parent)
{
    struct answer a = {0, 0};
    const struct rlimit no_core = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &no_core);
    if (getppid() != parent || measure(seed, threads, duration_ms, &a) != 0)
        _exit(1);
    _exit(write(to, &a, sizeof a) == (ssize_t)sizeof a ? 0 : 1);
}

/* The child's answer, or its death, or the end of our patience. */
static bool await(int from, uint64_t patience_ms, struct answer *a)
{
    uint64_t end = og_time_mono_ms() + patience_ms;
    for (;;) {
        uint64_t now = og_time_mono_ms();
        struct pollfd p = {from, POLLIN, 0};
        int n = now >= end ? 0 : poll(&p, 1, (int)(end - now));
        if (n < 0 && errno == EINTR)
            continue;
        return n > 0 && read(from, a, sizeof *a) == (ssize_t)sizeof *a;
    }
}

enum og_rc og_capacity_measure(const uint8_t seed[32], unsigned threads, uint64_t duration_ms,
                               uint64_t *mflops_per_s, uint64_t *checksum, struct og_err *err)
{
    *mflops_per_s = 0;
    *checksum = 0;
    if (threads < 1 || threads > 1024 || duration_ms < 1 || duration_ms > DURATION_MAX)
        return og_err_set(err, OG_E_USAGE,
                          "a capacity is measured on 1 to 1024 threads for 1 to "
                          "60000 ms");
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot make a pipe: %s", strerror(errno));
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        child(fd[1], seed, threads, duration_ms, parent);
    int fork_errno = errno;
    close(fd[1]);
    struct answer a = {0, 0};
    bool ok = pid > 0 && await(fd[0], 20000 + 4 * duration_ms, &a);
    close(fd[0]);
    if (pid > 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    if (pid < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot start a process: %s",
                          strerror(fork_errno));
    if (!ok || !a.mflops_per_s)
        return og_err_set(err, OG_E_UNAVAILABLE, "the capacity benchmark gave no answer");
    *mflops_per_s = a.mflops_per_s;
    *checksum = a.checksum;
    return OG_OK;
}
