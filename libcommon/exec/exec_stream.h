/* exec_stream.h - what a job writes to stdout or stderr: cut, hashed, kept small or put into a
 * blob. */
#ifndef OG_EXEC_STREAM_H
#define OG_EXEC_STREAM_H

#include "base/base_err.h"
#include "base/base_io.h"
#include "exec/exec_job.h"

struct og_stream {
    int fd;               /* our end of the pipe, non-blocking; -1 when closed */
    uint64_t max;         /* bytes kept; 0: no limit */
    int tee;              /* > 0: a copy goes here */
    const char *blob_dir; /* NULL: nothing is stored */
    uint64_t inline_max;
    bool flooded; /* more than max came */
    struct og_hasher hasher;
    struct og_io_temp temp; /* open when temp.fd >= 0 */
    struct og_job_stream *to;
};

void og_stream_init(struct og_stream *s, const struct og_job *job, int tee,
                    struct og_job_stream *to);
/* Reads what is there now; closes fd at its end. After a flood the rest is read and dropped. */
enum og_rc og_stream_pump(struct og_stream *s, struct og_err *err) OG_MUST_CHECK;
/* Takes what was kept back and puts `text` there instead. */
void og_stream_replace(struct og_stream *s, const char *text);
/* No blob will be made of it: the job broke a limit, nobody will name what it wrote. */
void og_stream_forget(struct og_stream *s);
/* Fills *to and stores the blob; closes everything. */
enum og_rc og_stream_finish(struct og_stream *s, bool sync, struct og_err *err) OG_MUST_CHECK;
void og_stream_release(struct og_stream *s);

#endif
