/* store_notice.c - commits told to other processes: who commits opens the state folder for a
 * moment, and inotify tells those who watch it. Nothing is written for that. */
#include "store/store_notice.h"

#include "store/store_db.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

void og_notice_send(struct og_store *st)
{
    if (!(st->flags & OG_STORE_WRITE) || st->flags & (OG_STORE_MEMORY | OG_STORE_NOSYNC))
        return;
    int fd = open(st->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
}

int og_store_notice_fd(struct og_store *st)
{
    if (st->notice)
        return st->notice - 1;
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0 && inotify_add_watch(fd, st->dir, IN_OPEN | IN_ONLYDIR) < 0) {
        close(fd);
        fd = -1;
    }
    st->notice = fd + 1;
    return fd;
}

void og_store_notice_clear(struct og_store *st)
{
    char events[4096];
    if (st->notice)
        while (read(st->notice - 1, events, sizeof events) > 0)
            continue;
}

void og_notice_close(struct og_store *st)
{
    if (st->notice)
        close(st->notice - 1);
    st->notice = 0;
}
