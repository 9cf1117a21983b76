/* exec_sandbox.h - the bubblewrap sandbox: is it to be had here, and its command line. */
#ifndef OG_EXEC_SANDBOX_H
#define OG_EXEC_SANDBOX_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "exec/exec_job.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OG_SANDBOX_HOME "/job" /* the working folder inside */
#define OG_SANDBOX_LIBS                                                                            \
    "/ogpu/lib"             /* libraries of the GPU's driver, where an image is the system */
#define OG_SANDBOX_UID 1000 /* the job's uid and gid inside */

/* Starts a real sandbox around /bin/true as `uid` (0: as ourselves). OG_E_UNAVAILABLE with one
 * sentence naming what is missing. Takes some 10 ms; call it once at start. */
enum og_rc og_sandbox_probe(uid_t uid, struct og_err *err) OG_MUST_CHECK;

/* The path of bubblewrap in PATH into out; OG_E_UNAVAILABLE when there is none. */
enum og_rc og_sandbox_program(char *out, size_t max, struct og_err *err) OG_MUST_CHECK;

/* Descriptors that the command line names; they stay open across exec. */
struct og_sandbox_fds {
    int seccomp; /* readable: the BPF */
    int block;   /* readable: the program starts when the other end closes */
    int status;  /* writable: JSON lines {"child-pid":...}, {"exit-code":...} */
    int passwd;  /* readable: text of /etc/passwd */
    int group;
};

/* Bubblewrap takes 9,000 words. Are the job's inputs few enough to be mounted one by one (else they
 * are copied in, read-only)? And do its arguments and environment fit at all? */
bool og_sandbox_mounts(const struct og_job *job);
bool og_sandbox_fits(const struct og_job *job, const char *const *env);

/* Bubblewrap's options for job, each with a NUL behind it, as --args reads them: every user of the
 * machine can read a command line, and these hold the job's environment. srcs (NULL: no input is
 * mounted): srcs[i] is the readable file of input i, scratch the host's folder. */
void og_sandbox_args(const struct og_job *job, const char *const *srcs, const char *scratch,
                     const char *const *env, const struct og_sandbox_fds *fds, struct og_buf *out);
/* The NULL-terminated command line, which names the descriptor that holds the options and the job's
 * program. One block from malloc. */
char **og_sandbox_argv(const char *bwrap, const struct og_job *job, int args_fd);

#endif
