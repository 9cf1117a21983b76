/* work_pace.c - looks often while things move, seldom while they do not. */
#include "work/work_pace.h"

#include "base/base_time.h"
#include "store/store_block.h"
#include "store/store_notice.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define QUICK_MS    3
#define SLOW_MS     50
#define CALM_MS     300   /* without motion, after which looks become slow */
#define FULL_MS     1000  /* between looks when no change was seen */
#define AGE_MS      250   /* between tries to seal an old block */
#define IDLE_MS     1000  /* between blocks that only let time pass */
#define IDLE_MAX_MS 60000 /* the same for the patient */

void og_pace_init(struct og_pace *p)
{
    *p = (struct og_pace){.moved_ms = og_time_mono_ms(), .idle_ms = IDLE_MS};
}

enum og_rc og_pace_wait(const struct og_pace *p, struct og_store *st, int wake_fd, int in_fd,
                        int most_ms, bool *woken, bool *readable, struct og_err *err)
{
    int told = og_store_notice_fd(st);
    struct pollfd fd[3] = {{.fd = wake_fd, .events = POLLIN},
                           {.fd = in_fd, .events = POLLIN}, /* one below 0 is passed over */
                           {.fd = told, .events = POLLIN}};
    uint64_t calm = og_time_mono_ms() - p->moved_ms;
    int ms = told < 0 && calm < CALM_MS ? QUICK_MS : SLOW_MS;
    *woken = *readable = false;
    int n = poll(fd, 3, most_ms >= 0 && most_ms < ms ? most_ms : ms);
    if (n > 0 && fd[2].revents)
        og_store_notice_clear(st);
    if (n < 0 && errno != EINTR)
        return og_err_set(err, OG_E_IO, "poll failed");
    if (n > 0 && (fd[0].revents & POLLIN)) {
        uint64_t count;
        ssize_t ignored = read(wake_fd, &count, sizeof count);
        (void)ignored;
        *woken = true;
    }
    *readable = n > 0 && in_fd >= 0 && fd[1].revents;
    return OG_OK;
}

bool og_pace_look(struct og_pace *p, struct og_store *st, bool changed)
{
    uint64_t now = og_time_mono_ms();
    uint64_t v = og_store_version(st);
    bool moved = changed || v != p->version;
    if (moved)
        p->moved_ms = now;
    p->version = v;
    if (!moved && now - p->looked_ms < FULL_MS)
        return false;
    p->looked_ms = now;
    return true;
}

/* Did anything but blocks come since? */
static enum og_rc see_txs(struct og_pace *p, struct og_store *st, struct og_err *err)
{
    uint64_t txs;
    uint64_t height;
    OG_TRY(og_store_counter(st, "tx", &txs, err));
    OG_TRY(og_block_last(st, &height, NULL, err));
    if (txs - height != p->txs)
        p->idle_ms = IDLE_MS;
    p->txs = txs - height;
    return OG_OK;
}

enum og_rc og_pace_seal(struct og_pace *p, struct og_engine *e, bool want, bool patient,
                        bool *sealed, struct og_err *err)
{
    uint64_t now = og_time_mono_ms();
    *sealed = false;
    if (!og_engine_can_seal(e) || (!want && now - p->sealed_ms < AGE_MS))
        return OG_OK;
    OG_TRY(see_txs(p, og_engine_store(e), err));
    bool idle = !want && now - p->moved_ms >= p->idle_ms;
    p->sealed_ms = now;
    OG_TRY(og_engine_seal(e, want || idle, sealed, err));
    if (idle && *sealed && patient && p->idle_ms < IDLE_MAX_MS)
        p->idle_ms *= 2;
    return OG_OK;
}

bool og_pace_reader_left(void)
{
    if (errno != EPIPE)
        return false;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
        return false;
    close(null);
    clearerr(stdout);
    fflush(stdout);
    return true;
}
