/* work_image.h - the image of a job's root file system, brought in and unpacked. */
#ifndef OG_WORK_IMAGE_H
#define OG_WORK_IMAGE_H

#include "work/work_job.h"

/* The folder with the files of spec.root, which must be a blob here; unpacked at the first use and
 * kept below $OGPU_HOME/images, or below /tmp for a job with a user id of its own. The caller frees
 * *out. OG_E_DATA, OG_E_NOINPUT: the submitter's fault. Thread-safe. */
enum og_rc og_work_image(const struct og_work_job *w, const struct og_work_how *how, char **out,
                         struct og_err *err) OG_MUST_CHECK;

#endif
