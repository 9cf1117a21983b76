/* exec_image.h - a root file system from a tar archive, unpacked once and kept. */
#ifndef OG_EXEC_IMAGE_H
#define OG_EXEC_IMAGE_H

#include "base/base_err.h"

/* Unpacks the archive to the folder `to`, which must not exist and appears when all is there; when
 * somebody else was faster, theirs stays. No entry leaves the folder, none is written through a
 * link; devices and pipes are left out; files lose owner, times and all rights but "read" and
 * "execute". OG_E_DATA: the archive is refused; OG_E_CANTCREATE, OG_E_IO. */
enum og_rc og_image_unpack(int tar_fd, const char *to, struct og_err *err) OG_MUST_CHECK;

#endif
