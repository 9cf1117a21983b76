/* base_io.h - files: the only place that opens one for writing. */
#ifndef OG_BASE_IO_H
#define OG_BASE_IO_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum og_io_flags {
    OG_IO_REPLACE = 0,
    OG_IO_NOCLOBBER = 1, /* refuse when the path exists (OG_E_CANTCREATE) */
    OG_IO_NOSYNC = 2     /* no fsync: for files that can be made again */
};

/* Temp file in the same folder, fchmod, write, fsync, close, rename (or link), fsync of the folder.
 */
enum og_rc og_io_write_atomic(const char *path, const void *buf, size_t len, mode_t mode,
                              enum og_io_flags flags, struct og_err *err) OG_MUST_CHECK;

/* Opens an unnamed temp sibling of path for writing; finish with og_io_temp_commit or _discard. */
struct og_io_temp {
    int fd;
    char *tmp_path;
};
enum og_rc og_io_temp_open(const char *dir, mode_t mode, struct og_io_temp *out,
                           struct og_err *err) OG_MUST_CHECK;
enum og_rc og_io_temp_commit(struct og_io_temp *t, const char *path, enum og_io_flags flags,
                             struct og_err *err) OG_MUST_CHECK;
void og_io_temp_discard(struct og_io_temp *t);

/* Whole file, at most max bytes (OG_E_DATA above), appended to out. */
enum og_rc og_io_read_file(const char *path, size_t max, struct og_buf *out,
                           struct og_err *err) OG_MUST_CHECK;
/* As above; refuses a file that group or others can read (OG_E_NOPERM). */
enum og_rc og_io_read_secret(const char *path, size_t max, struct og_buf *out,
                             struct og_err *err) OG_MUST_CHECK;
enum og_rc og_io_read_fd(int fd, size_t max, struct og_buf *out, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_io_write_fd(int fd, const void *p, size_t n, struct og_err *err) OG_MUST_CHECK;

/* mkdir -p with mode for what is made. */
enum og_rc og_io_mkdirs(const char *path, mode_t mode, struct og_err *err) OG_MUST_CHECK;
bool og_io_exists(const char *path);
/* True when the name is taken, be it by a link that leads nowhere. */
bool og_io_taken(const char *path);
/* Removes a folder tree without following links; a missing one is fine. */
enum og_rc og_io_remove_tree(const char *path, struct og_err *err) OG_MUST_CHECK;
/* ferror + fflush + fclose of stdout: the last write is checked too. */
enum og_rc og_io_close_stdout(struct og_err *err) OG_MUST_CHECK;
/* "a/b"; the caller frees. */
char *og_io_join(const char *dir, const char *name);
/* A relative path that stays inside: no "..", no leading '/', no empty part, <= 1024 bytes, no
 * control bytes. */
bool og_io_path_is_tame(const char *path);

#endif
