/* exec_tar.h - tar archives of root file systems: a bounded reader, and a writer that gives the
 * same bytes for the same tree. POSIX.1-2001 (ustar, pax headers "path", "linkpath", "size") and
 * GNU long names. */
#ifndef OG_EXEC_TAR_H
#define OG_EXEC_TAR_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stdbool.h>
#include <stdint.h>

#define OG_TAR_NAME_MAX    4096
#define OG_TAR_ENTRIES_MAX 1000000
#define OG_TAR_BYTES_MAX   ((uint64_t)1 << 36) /* of all files together */

enum og_tar_kind {
    OG_TAR_FILE,
    OG_TAR_FOLDER,
    OG_TAR_SYMLINK,
    OG_TAR_LINK,  /* another name of an earlier file */
    OG_TAR_OTHER, /* a device, a pipe, what we do not know */
};

struct og_tar_entry {
    enum og_tar_kind kind;
    char name[OG_TAR_NAME_MAX]; /* as it stands there, not checked */
    char link[OG_TAR_NAME_MAX]; /* of both kinds of links */
    uint64_t bytes;             /* that follow in the archive */
    bool executable;
};

struct og_tar {
    int fd;
    uint64_t left;    /* bytes of the last entry that were not read */
    uint64_t padding; /* behind them */
    uint64_t entries, bytes;
};

void og_tar_open(struct og_tar *t, int fd);
/* The next entry; what is left of the last one is passed over. *end: there is none. OG_E_DATA with
 * a sentence for what is no archive or passes a bound, OG_E_IO. */
enum og_rc og_tar_next(struct og_tar *t, struct og_tar_entry *e, bool *end,
                       struct og_err *err) OG_MUST_CHECK;
/* The entry's bytes to a file. */
enum og_rc og_tar_copy(struct og_tar *t, int to, struct og_err *err) OG_MUST_CHECK;

/* Writes the tree below dir to fd, names sorted, without times and owners; devices, pipes and
 * sockets are left out. */
enum og_rc og_tar_pack(const char *dir, int fd, struct og_err *err) OG_MUST_CHECK;

#endif
