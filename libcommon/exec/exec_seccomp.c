/* exec_seccomp.c - a deny list by libseccomp: kernel surface that computing does not need. */
#include "exec/exec_seccomp.h"

#include "base/base_buf.h"
#include "base/base_io.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef TIOCLINUX
#define TIOCLINUX 0x541C
#endif

/* Also what lies in memory without belonging to a process (SysV shared memory, memfd_secret): the
 * limit on memory must see it. */
static const char *const denied[] = {
    "_sysctl",
    "acct",
    "add_key",
    "adjtimex",
    "bpf",
    "chroot",
    "clock_adjtime",
    "clock_adjtime64",
    "clock_settime",
    "clock_settime64",
    "create_module",
    "delete_module",
    "fanotify_init",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "get_kernel_syms",
    "init_module",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "ioperm",
    "iopl",
    "kcmp",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "lookup_dcookie",
    "memfd_secret",
    "modify_ldt",
    "mount",
    "mount_setattr",
    "move_mount",
    "msgget",
    "name_to_handle_at",
    "nfsservctl",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pidfd_getfd",
    "pivot_root",
    "process_madvise",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "query_module",
    "quotactl",
    "quotactl_fd",
    "reboot",
    "request_key",
    "setdomainname",
    "sethostname",
    "setns",
    "settimeofday",
    "shmget",
    "stime",
    "swapoff",
    "swapon",
    "sysfs",
    "syslog",
    "umount",
    "umount2",
    "unshare",
    "uselib",
    "userfaultfd",
    "vhangup",
    "vm86",
    "vm86old",
    "vmsplice",
};

static const unsigned long new_namespaces[] = {
    CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,    CLONE_NEWNET,
    CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP, /* CLONE_NEWTIME: unshare and clone3 only */
};

static struct built {
    struct og_buf program;
    struct og_err failure;
    enum og_rc outcome;
} built[2]; /* without and with the network */

static int deny(scmp_filter_ctx ctx, const char *name)
{
    int nr = seccomp_syscall_resolve_name(name);
    if (nr == __NR_SCMP_ERROR || nr < 0)
        return 0; /* not on this architecture, or too new for this library: bwrap drops all rights
                   */
    return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), nr, 0);
}

static int deny_with(scmp_filter_ctx ctx, int nr, struct scmp_arg_cmp cmp)
{
    return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), nr, 1, cmp);
}

/* Families of sockets between processes of the job and, with net, to other machines. */
static int add_sockets(scmp_filter_ctx ctx, bool net)
{
    int rc = 0;
    if (!net)
        return deny_with(ctx, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0));
    for (int family = 0; family < AF_INET6 && rc == 0; family++)
        if (family != AF_UNIX && family != AF_INET)
            rc = deny_with(ctx, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0));
    return rc == 0 ? deny_with(ctx, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_GT, AF_INET6, 0)) : rc;
}

static int add_rules(scmp_filter_ctx ctx, bool net)
{
    int rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    for (size_t i = 0; i < sizeof denied / sizeof *denied && rc == 0; i++)
        rc = deny(ctx, denied[i]);
    for (size_t i = 0; i < sizeof new_namespaces / sizeof *new_namespaces && rc == 0; i++) {
        unsigned long f = new_namespaces[i];
        rc = deny_with(ctx, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, f, f));
    }
    /* clone3 keeps its flags in memory, out of sight: libc falls back to clone. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (rc == 0)
        rc = add_sockets(ctx, net);
    if (rc == 0)
        rc = deny_with(ctx, SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0));
    if (rc == 0)
        rc = deny_with(ctx, SCMP_SYS(ioctl),
                       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffUL, (scmp_datum_t)TIOCSTI));
    if (rc == 0)
        rc = deny_with(ctx, SCMP_SYS(ioctl),
                       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffUL, (scmp_datum_t)TIOCLINUX));
    if (rc == 0) /* asking for it is harmless */
        rc = deny_with(ctx, SCMP_SYS(personality), SCMP_A0(SCMP_CMP_NE, 0xffffffffUL, 0));
    return rc;
}

static void build(struct built *b, bool net)
{
    int fd = memfd_create("ogpu-seccomp", MFD_CLOEXEC);
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int rc = fd < 0 || !ctx ? -ENOMEM : add_rules(ctx, net);
    if (rc == 0)
        rc = seccomp_export_bpf(ctx, fd);
    if (rc != 0)
        b->outcome = og_err_set(&b->failure, OG_E_UNAVAILABLE,
                                "cannot build the system call filter: %s", strerror(-rc));
    else if (lseek(fd, 0, SEEK_SET) != 0)
        b->outcome = og_err_set(&b->failure, OG_E_IO, "cannot read the system call filter");
    else
        b->outcome = og_io_read_fd(fd, 65536, &b->program, &b->failure);
    if (ctx)
        seccomp_release(ctx);
    if (fd >= 0)
        close(fd);
}

static void build_plain(void)
{
    build(&built[0], false);
}

static void build_net(void)
{
    build(&built[1], true);
}

enum og_rc og_seccomp_filter(bool net, const void **bpf, size_t *len, struct og_err *err)
{
    static pthread_once_t once[2] = {PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT};
    const struct built *b = &built[net];
    pthread_once(&once[net], net ? build_net : build_plain);
    *bpf = b->outcome == OG_OK ? b->program.p : NULL;
    *len = b->outcome == OG_OK ? b->program.len : 0;
    return b->outcome == OG_OK ? OG_OK : og_err_set(err, b->outcome, "%s", b->failure.msg);
}
