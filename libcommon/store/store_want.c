/* store_want.c - one line to the node, one back. */
#include "store/store_want.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_num.h"
#include "store/store_blob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The name is taken relative to the folder when the path is too long for a socket. */
static int dial(const char *state_dir)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char *path = og_io_join(state_dir, OG_WANT_SOCKET);
    bool fits = strlen(path) < sizeof a.sun_path;
    int fd = -1;
    if (fits) {
        memcpy(a.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    }
    free(path);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool ask(const char *state_dir, const struct og_buf *line)
{
    char back[OG_ERR_MAX + 8] = "";
    size_t n = 0;
    int fd = dial(state_dir);
    if (fd < 0)
        return false;
    bool sent = send(fd, line->p, line->len, MSG_NOSIGNAL) == (ssize_t)line->len;
    while (sent && n < sizeof back - 1) {
        ssize_t r = recv(fd, back + n, sizeof back - 1 - n, 0);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            break;
        n += (size_t)r;
    }
    close(fd);
    back[n] = '\0';
    if (strcmp(back, "ok\n") == 0)
        return true;
    og_log(OG_LOG_DEBUG, "node: %.*s: %.*s", (int)line->len - 1, line->p, (int)strcspn(back, "\n"),
           back);
    return false;
}

bool og_want_blob(const char *state_dir, const struct og_hash *h)
{
    struct og_buf line = OG_BUF_INIT;
    if (og_blob_has(state_dir, h))
        return true;
    og_buf_adds(&line, "blob ");
    og_buf_add_hex(&line, h->b, OG_HASH_LEN);
    og_buf_adds(&line, "\n");
    bool ok = ask(state_dir, &line) && og_blob_has(state_dir, h);
    og_buf_release(&line);
    return ok;
}

bool og_want_manifest(const char *state_dir, const struct og_hash *root)
{
    struct og_buf line = OG_BUF_INIT;
    og_buf_adds(&line, "root ");
    og_buf_add_hex(&line, root->b, OG_HASH_LEN);
    og_buf_adds(&line, "\n");
    bool ok = ask(state_dir, &line);
    og_buf_release(&line);
    return ok;
}

bool og_want_manifest_at(const char *state_dir, uint64_t task, uint64_t element)
{
    struct og_buf line = OG_BUF_INIT;
    og_buf_addf(&line, "result %llu/%llu\n", (unsigned long long)task, (unsigned long long)element);
    bool ok = ask(state_dir, &line);
    og_buf_release(&line);
    return ok;
}
