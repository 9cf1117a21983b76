/* work_image.c - one folder for each image's hash. */
#include "work/work_image.h"

#include "base/base_io.h"
#include "base/base_num.h"
#include "exec/exec_image.h"
#include "store/store_blob.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* Where the job's own id can reach it, ours alone to write. */
static enum og_rc folder(const struct og_work_job *w, const struct og_work_how *how, char **out,
                         struct og_err *err)
{
    struct stat st;
    struct og_buf b = OG_BUF_INIT;
    if (!how->uid) {
        *out = og_io_join(w->state_dir, "images");
        return og_io_mkdirs(*out, 0700, err);
    }
    struct og_hash h = og_sha256(w->state_dir, strlen(w->state_dir));
    og_buf_adds(&b, "/tmp/ogpu-");
    og_buf_add_hex(&b, h.b, 8);
    og_buf_adds(&b, "-images");
    *out = og_buf_detach(&b);
    if (mkdir(*out, 0711) < 0 && errno != EEXIST)
        return og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", *out, strerror(errno));
    if (lstat(*out, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
        (st.st_mode & 022))
        return og_err_set(err, OG_E_NOPERM, "'%s' is not a folder of our own", *out);
    return OG_OK;
}

static enum og_rc unpack(const struct og_work_job *w, const char *to, struct og_err *err)
{
    char *path = og_blob_path(w->state_dir, &w->spec.root.sha256);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum og_rc rc =
        fd < 0 ? og_err_set(err, OG_E_NOINPUT, "cannot open the image: %s", strerror(errno))
               : og_image_unpack(fd, to, err);
    if (fd >= 0)
        close(fd);
    free(path);
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "the image of 'root'");
}

enum og_rc og_work_image(const struct og_work_job *w, const struct og_work_how *how, char **out,
                         struct og_err *err)
{
    char hex[2 * OG_HASH_LEN + 1], *dir = NULL;
    *out = NULL;
    og_hex_encode(w->spec.root.sha256.b, OG_HASH_LEN, hex);
    enum og_rc rc = folder(w, how, &dir, err);
    char *to = og_io_join(dir, hex);
    if (rc == OG_OK) {
        pthread_mutex_lock(&one_at_a_time);
        if (!og_io_exists(to))
            rc = unpack(w, to, err);
        pthread_mutex_unlock(&one_at_a_time);
    }
    free(dir);
    if (rc == OG_OK)
        *out = to;
    else
        free(to);
    return rc;
}
