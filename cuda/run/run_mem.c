/* run_mem.c - a kernel's buffers: each ends at a guard, starts as said, is written out or compared.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define GUARD ((size_t)8 << 30) /* an int index of 4-byte elements does not reach further */
#define ALIGN 16u               /* of a buffer, as the widest vector type needs it */
#define FILL  0xc3              /* of the bytes between a buffer and its guard */

static uint8_t *area; /* reserved: guard, buffer, guard, buffer, ..., guard */
static size_t area_bytes, page;

static bool complain(const char *what, const char *path)
{
    fprintf(stderr, "ogpu: cannot %s '%s': %s\n", what, path, strerror(errno));
    return false;
}

static size_t pages_of(uint64_t bytes)
{
    return ((size_t)bytes + page - 1) / page * page;
}

static bool has_buffer(const struct og_run_param *q)
{
    return q->kind != RUN_VALUE && q->kind != RUN_CONST;
}

/* Bytes before the buffer's first in its pages: its end meets the guard, short of alignment. */
static size_t lead(const struct og_run_param *q)
{
    return (pages_of(q->bytes) - (size_t)q->bytes) / ALIGN * ALIGN;
}

/* The file's content into memory of its own, placed as the buffer is. */
static bool load(struct og_run_param *q)
{
    struct stat st;
    int from = open(q->path, O_RDONLY | O_CLOEXEC);
    if (from < 0 || fstat(from, &st) < 0)
        return complain("open", q->path);
    q->bytes = (uint64_t)st.st_size;
    size_t n = pages_of(q->bytes ? q->bytes : 1);
    q->fd = memfd_create("ogpu", MFD_CLOEXEC);
    if (q->fd < 0 || ftruncate(q->fd, (off_t)n) < 0)
        return complain("hold", q->path);
    q->base = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd, 0);
    if (q->base == MAP_FAILED)
        return complain("map", q->path);
    memset(q->base, FILL, n);
    q->base += q->kind == RUN_CONST ? 0 : lead(q);
    for (uint64_t at = 0; at < q->bytes;) {
        ssize_t r = read(from, q->base + at, (size_t)(q->bytes - at));
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return complain("read", q->path);
        at += (uint64_t)r;
    }
    close(from);
    if (q->size && q->bytes % q->size != 0) {
        fprintf(stderr, "ogpu: '%s' has %" PRIu64 " bytes, no multiple of %u\n", q->path, q->bytes,
                q->size);
        return false;
    }
    return true;
}

bool og_run_mem_open(struct og_run_plan *p)
{
    page = (size_t)sysconf(_SC_PAGESIZE);
    area_bytes = GUARD;
    for (size_t i = 0; i < p->n_param; i++) {
        struct og_run_param *q = &p->param[i];
        q->fd = -1;
        if (q->path && !load(q))
            return false;
        if (has_buffer(q))
            area_bytes += pages_of(q->bytes) + GUARD;
    }
    area = mmap(NULL, area_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED)
        return complain("reserve addresses for", "the buffers");
    uint8_t *at = area + GUARD;
    for (size_t i = 0; i < p->n_param; i++) {
        struct og_run_param *q = &p->param[i];
        if (!has_buffer(q))
            continue;
        q->at = at + lead(q);
        q->slack = pages_of(q->bytes) - lead(q) - (size_t)q->bytes;
        at += pages_of(q->bytes) + GUARD;
    }
    return true;
}

bool og_run_mem_private(struct og_run_plan *p)
{
    for (size_t i = 0; i < p->n_param; i++) {
        struct og_run_param *q = &p->param[i];
        size_t n = pages_of(q->bytes);
        if (!has_buffer(q) || n == 0)
            continue;
        int prot = q->kind == RUN_IN ? PROT_READ : PROT_READ | PROT_WRITE;
        int how = q->fd < 0 ? MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE : MAP_PRIVATE;
        uint8_t *start = q->at - lead(q);
        if (mmap(start, n, prot, how | MAP_FIXED, q->fd, 0) != start) /* within what is reserved */
            return complain("map", "a buffer");
        if (q->fd < 0 && q->slack)
            memset(q->at + q->bytes, FILL, q->slack);
    }
    return true;
}

static void describe(const struct og_run_plan *p, const struct og_run_param *q, char *out,
                     size_t max)
{
    const char *name = q->path ? q->path : q->out ? q->out : "scratch";
    snprintf(out, max, "parameter %zu (%.120s, %" PRIu64 " elements of %u bytes)",
             (size_t)(q - p->param) + 1, name, q->bytes / q->size, q->size);
}

bool og_run_mem_name(const struct og_run_plan *p, const void *addr, char *out, size_t max)
{
    const uint8_t *a = addr;
    const struct og_run_param *best = NULL;
    uint64_t distance = UINT64_MAX;
    if (!area || a < area || a >= area + area_bytes)
        return false;
    for (size_t i = 0; i < p->n_param; i++) {
        const struct og_run_param *q = &p->param[i];
        if (!has_buffer(q))
            continue;
        uint64_t d = a < q->at               ? (uint64_t)(q->at - a)
                     : a >= q->at + q->bytes ? (uint64_t)(a - (q->at + q->bytes))
                                             : 0;
        if (d < distance) {
            distance = d;
            best = q;
        }
    }
    if (!best)
        return false;
    char text[256];
    describe(p, best, text, sizeof text);
    int64_t element = (int64_t)(a - best->at);
    element = element < 0 ? -((-element + best->size - 1) / best->size) : element / best->size;
    if (distance == 0 && a >= best->at && a < best->at + best->bytes)
        snprintf(out, max, "element %" PRId64 " of %s, which is an input", element, text);
    else
        snprintf(out, max, "element %" PRId64 " of %s", element, text);
    return true;
}

bool og_run_mem_slack(const struct og_run_plan *p, char *out, size_t max)
{
    for (size_t i = 0; i < p->n_param; i++) {
        const struct og_run_param *q = &p->param[i];
        for (size_t k = 0; has_buffer(q) && q->at && k < q->slack; k++)
            if (q->at[q->bytes + k] != FILL) {
                char text[256];
                describe(p, q, text, sizeof text);
                snprintf(out, max, "a thread writes element %" PRIu64 " of %s",
                         (q->bytes + k) / q->size, text);
                return true;
            }
    }
    return false;
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return false;
        p += w;
        n -= (size_t)w;
    }
    return true;
}

static int create(const char *path)
{
    for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
        char *dir = strndup(path, (size_t)(slash - path));
        if (dir && *dir)
            mkdir(dir, 0755);
        free(dir);
    }
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

bool og_run_file_write(const char *path, const void *p, size_t n)
{
    int fd = create(path);
    bool ok = fd >= 0 && write_all(fd, p, n) && close(fd) == 0;
    return ok || complain("write", path);
}

bool og_run_mem_write(const struct og_run_plan *p)
{
    for (size_t i = 0; i < p->n_param; i++) {
        const struct og_run_param *q = &p->param[i];
        if (q->out && !og_run_file_write(q->out, q->at, (size_t)q->bytes))
            return false;
    }
    return true;
}

/* One byte a page: may it differ from the start? NULL when the kernel does not tell. */
static uint8_t *dirty_pages(const struct og_run_param *q)
{
    size_t n = pages_of(q->bytes) / page;
    uint8_t *dirty = calloc(n + 1, 1);
    uint64_t entry[512];
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    size_t first = (size_t)(uintptr_t)(q->at - lead(q)) / page, at = 0;
    while (dirty && fd >= 0 && at < n) {
        size_t want = n - at < 512 ? n - at : 512;
        ssize_t r = pread(fd, entry, want * 8, (off_t)((first + at) * 8));
        if (r <= 0 || r % 8 != 0)
            break;
        for (size_t i = 0; i < (size_t)r / 8;
             i++) /* in memory or swapped out, and not the file's */
            dirty[at + i] = (entry[i] >> 62 & 3) != 0 && !(entry[i] >> 61 & 1);
        at += (size_t)r / 8;
    }
    if (fd >= 0)
        close(fd);
    if (dirty && at == n)
        return dirty;
    free(dirty);
    return NULL;
}

struct sink {
    int fd;
    uint8_t buf[65536];
    size_t n;
    bool bad;
};

static void put(struct sink *s, const uint8_t *p, size_t n)
{
    if (s->n + n > sizeof s->buf) {
        s->bad = s->bad || !write_all(s->fd, s->buf, s->n);
        s->n = 0;
    }
    if (n > sizeof s->buf) {
        s->bad = s->bad || !write_all(s->fd, p, n);
        return;
    }
    memcpy(s->buf + s->n, p, n);
    s->n += n;
}

static void put_run(struct sink *s, const uint8_t *now, uint64_t first, uint64_t end)
{
    uint8_t head[16];
    for (int i = 0; i < 8; i++) {
        head[i] = (uint8_t)(first >> (56 - 8 * i));
        head[8 + i] = (uint8_t)((end - first) >> (56 - 8 * i));
    }
    put(s, head, sizeof head);
    put(s, now + first, (size_t)(end - first));
}

static bool differs(const uint8_t *now, const uint8_t *base, uint64_t at, uint32_t size)
{
    static const uint8_t zero[16];
    return memcmp(now + at, base ? base + at : zero, size) != 0;
}

bool og_run_patch_file(const char *path, const uint8_t *now, const uint8_t *base, uint64_t bytes,
                       uint32_t size, const uint8_t *dirty)
{
    struct sink *s = calloc(1, sizeof *s);
    uint64_t first = UINT64_MAX;
    size_t before = page ? (size_t)(uintptr_t)now % page : 0;
    if (!s || (s->fd = create(path)) < 0) {
        free(s);
        return complain("write", path);
    }
    for (uint64_t at = 0; at < bytes;) {
        if (dirty && !dirty[(at + before) / page]) {
            if (first != UINT64_MAX)
                put_run(s, now, first, at);
            first = UINT64_MAX;
            at = ((at + before) / page + 1) * page - before;
            continue;
        }
        bool changed = differs(now, base, at, size);
        if (changed && first == UINT64_MAX)
            first = at;
        if (!changed && first != UINT64_MAX) {
            put_run(s, now, first, at);
            first = UINT64_MAX;
        }
        at += size;
    }
    if (first != UINT64_MAX)
        put_run(s, now, first, bytes);
    bool ok = !s->bad && write_all(s->fd, s->buf, s->n);
    ok = close(s->fd) == 0 && ok;
    free(s);
    return ok || complain("write", path);
}

bool og_run_mem_patch(const struct og_run_plan *p, uint64_t part)
{
    size_t k = 0;
    bool ok = true;
    for (size_t i = 0; i < p->n_param && ok; i++) {
        const struct og_run_param *q = &p->param[i];
        char path[64];
        if (!q->out)
            continue;
        snprintf(path, sizeof path, ".ogpu/%" PRIu64 ".%zu", part, k++);
        uint8_t *dirty = dirty_pages(q);
        ok = og_run_patch_file(path, q->at, q->base, q->bytes, q->size, dirty);
        free(dirty);
    }
    return ok;
}
