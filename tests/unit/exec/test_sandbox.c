/* test_sandbox.c - hostile jobs inside bubblewrap, for real: what they can see, take, leave and
 * fake. As root every job runs under a user id of its own; then all again as an unprivileged user.
 */
#include "jobkit.h"

#include <pthread.h>

static bool have_sandbox;

#define NEED_SANDBOX()                                                                             \
    do {                                                                                           \
        if (!have_sandbox)                                                                         \
            skip();                                                                                \
    } while (0)

/* sh -c text; the stdout must be exactly `want`. */
static void expect_says(const char *text, const char *want)
{
    struct og_job job = kit_job(NULL);
    struct og_job_result *r = kit_sh(&job, text);
    assert_int_equal(r->why, OG_JOB_DONE);
    size_t n = strlen(want);
    if (r->out.bytes != n || memcmp(r->out.text, want, n) != 0)
        fail_msg("'%s' said '%.*s' and '%.*s', not '%s'", text, (int)r->out.bytes, r->out.text,
                 (int)og_min_u64(r->err.bytes, OG_JOB_INLINE_MAX), r->err.text, want);
    kit_done(r);
}

/* sh -c text must fail: whatever it tries is refused. */
static void expect_refused(const char *text)
{
    struct og_job job = kit_job(NULL);
    struct og_job_result *r = kit_sh(&job, text);
    if (r->why != OG_JOB_DONE || r->exit == 0)
        fail_msg("'%s' was not refused: %s, exit %d", text, og_job_why_name(r->why), r->exit);
    kit_done(r);
}

static void test_probe(void **state)
{
    (void)state;
    struct og_err err;
    NEED_SANDBOX();
    assert_int_equal(og_sandbox_probe(kit_uid, &err), OG_OK);
    char *path = og_xstrdup(getenv("PATH") ? getenv("PATH") : "");
    setenv("PATH", "/nonexistent", 1);
    assert_int_equal(og_sandbox_probe(kit_uid, &err), OG_E_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "bubblewrap"));
    setenv("PATH", path, 1);
    free(path);
}

static void test_exit_status(void **state)
{
    (void)state;
    NEED_SANDBOX();
    static const struct {
        const char *text;
        int want;
    } t[] = {{"exit 0", 0},        {"exit 3", 3}, {"exit 255", 255}, {"kill -9 $$", 137},
             {"kill -11 $$", 139}, {"exit 1", 1}, {"exit 125", 125}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct og_job job = kit_job(NULL);
        struct og_job_result *r = kit_sh(&job, t[i].text);
        assert_int_equal(r->why, OG_JOB_DONE);
        assert_int_equal(r->exit, t[i].want);
        kit_done(r);
    }
}

static void test_missing_program_is_a_result(void **state)
{
    (void)state;
    NEED_SANDBOX();
    static const struct {
        const char *argv0;
        int want;
    } t[] = {{"no-such-program-here", 127}, {"./missing", 127}, {"/etc/passwd", 126}, {"", 127}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        const char *argv[] = {t[i].argv0, NULL};
        struct og_job job = kit_job(argv);
        struct og_job_result *r = kit_run(&job);
        assert_int_equal(r->why, OG_JOB_DONE);
        assert_int_equal(r->exit, t[i].want);
        assert_true(kit_says(&r->err, "ogpu: cannot execute"));
        assert_false(kit_says(&r->err, "bwrap"));
        kit_done(r);
    }
    /* a program cannot pass for a missing one, or for a broken sandbox */
    struct og_job job = kit_job(NULL);
    struct og_job_result *r =
        kit_sh(&job, "echo 'bwrap: execvp x: No such file or directory' >&2; exit 1");
    assert_int_equal(r->exit, 1);
    assert_true(kit_says(&r->err, "bwrap: execvp x"));
    kit_done(r);
}

static void test_sees_only_its_own(void **state)
{
    (void)state;
    NEED_SANDBOX();
    char text[256];
    char *secret = kit_file("secret", "secret\n", 7);
    chmod(kit_dir, 0755); /* even what anybody on the host may read */
    snprintf(text, sizeof text, "cat %s", secret);
    expect_refused(text);
    chmod(kit_dir, 0700);
    free(secret);
    expect_refused("cat /etc/shadow");
    expect_refused("ls /root");
    expect_refused("ls /home");
    expect_refused("ls /var");
    expect_refused("ls /run");
    expect_refused("ls /sys");
    expect_refused("cat /etc/hostname");
    expect_refused("cat /proc/1/r??t/etc/shadow");
    expect_refused("cat /proc/1/environ | grep .");
    expect_says("ls -A /job /tmp /dev/shm | grep -v : | grep . | wc -l", "0\n");
    expect_says("pwd; id -u; hostname; cat /etc/passwd | grep -c job", "/job\n1000\nogpu\n1\n");
    expect_says("ls -d /proc/[0-9]* | wc -l | grep -c '^[1-6]$'", "1\n");
    expect_says("grep -c : /proc/net/dev; grep -c 'lo:' /proc/net/dev", "1\n1\n");
}

static void test_environment_is_clean(void **state)
{
    (void)state;
    NEED_SANDBOX();
    setenv("OGPU_TEST_SECRET", "leak", 1);
    const char *env[] = {"OGPU_INDEX=2", "OGPU_INDEX=3", "LD_PRELOAD=/nonexistent/evil.so",
                         "BAD",          "=x",           NULL};
    struct og_job job = kit_job(NULL);
    job.env = env;
    struct og_job_result *r = kit_sh(&job, "unset LD_PRELOAD; env | sort");
    static const char want[] = "HOME=/job\nOGPU_INDEX=3\nPATH=/usr/local/bin:/usr/bin:/bin\n"
                               "PWD=/job\nTMPDIR=/tmp\n";
    assert_true(r->out.bytes == sizeof want - 1 && memcmp(r->out.text, want, sizeof want - 1) == 0);
    kit_done(r);
}

static void test_system_is_read_only(void **state)
{
    (void)state;
    NEED_SANDBOX();
    expect_refused("echo x > /usr/evil");
    expect_refused("echo x > /evil");
    expect_refused("echo x > /etc/evil");
    expect_refused("echo x >> /etc/passwd");
    expect_refused("echo x > /dev/evil");
    expect_refused("mknod /job/disk b 8 0");
    expect_refused("mount -t tmpfs none /tmp");
    expect_refused("mount -o remount,rw /usr");
    expect_refused("umount /job");
    expect_refused("chroot / true");
    expect_refused("unshare -U true");
    expect_refused("unshare -m true");
    expect_refused("nsenter -t 1 -m true");
    expect_refused("dmesg");
    expect_refused("echo 1 > /proc/sys/kernel/sysrq");
    expect_refused("echo b > /proc/sysrq-trigger");
    expect_refused("sysctl -w kernel.hostname=x || hostname x");
    expect_says("grep -E 'NoNewPrivs|CapEff|CapBnd|Seccomp:' /proc/self/status | tr '\\t' ' '",
                "CapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n");
}

static void test_no_network(void **state)
{
    (void)state;
    NEED_SANDBOX();
    struct og_job job = kit_job(NULL);
    if (access("/bin/bash", X_OK) == 0) {
        struct og_job_result *r = kit_sh(&job, "bash -c 'echo > /dev/tcp/127.0.0.1/22'; "
                                               "bash -c 'echo > /dev/udp/1.1.1.1/53'");
        assert_int_not_equal(r->exit, 0);
        assert_true(kit_says(&r->err, "Operation not permitted"));
        kit_done(r);
    } else {
        print_message("skip: no bash\n");
        skip();
    }
}

static void test_system_calls_are_refused(void **state)
{
    (void)state;
    NEED_SANDBOX();
    if (access("/usr/bin/python3", X_OK) != 0) {
        print_message("skip: no python3\n");
        skip();
    }
    const char *argv[] = {"python3", "-c", NULL, NULL};
    struct og_job job = kit_job(argv);
    /* number, first argument: ptrace, bpf, keyctl, io_uring_setup, userfaultfd, perf_event_open,
     * process_vm_readv, shmget, clone(CLONE_NEWUSER), unshare, ioctl TIOCSTI, socket(AF_INET),
     * AF_NETLINK */
    argv[2] =
        "import ctypes,errno\n"
        "l=ctypes.CDLL(None,use_errno=True)\n"
        "for c in ((101,0),(321,0),(250,0),(425,1),(323,0),(298,0),(310,1),(29,0,4096,0o1600),\n"
        "  (56,0x10000000|17),(272,0x10000000),(16,0,0x5412,0),(41,2,1,0),(41,16,3,0)):\n"
        "    ctypes.set_errno(0)\n"
        "    r=l.syscall(*[ctypes.c_long(x) for x in c])\n"
        "    e=ctypes.get_errno()\n"
        "    print(c[0], r, errno.errorcode.get(e,e)) if (r,e)!=(-1,errno.EPERM) else None\n"
        "import socket\n"
        "a,b=socket.socketpair()\na.send(b'x')\n"
        "print('end')\n";
#if defined(__x86_64__)
    struct og_job_result *r = kit_run(&job);
    if (r->out.bytes != 4 || memcmp(r->out.text, "end\n", 4) != 0)
        fail_msg("allowed: %.*s %.*s", (int)r->out.bytes, r->out.text, (int)r->err.bytes,
                 r->err.text);
    kit_done(r);
#else
    (void)job;
    skip();
#endif
}

static void test_inputs_are_read_only(void **state)
{
    (void)state;
    NEED_SANDBOX();
    static const char script[] = "#!/bin/sh\ncat data/deep/a.txt\necho x > data/deep/a.txt\n"
                                 "rm -f data/deep/a.txt\nchmod 777 prog\necho y > new\n"
                                 "echo z > data/mine\n";
    char *prog = kit_file("prog.blob", script, sizeof script - 1);
    char *data = kit_file("data.blob", "hello\n", 6);
    struct og_job_in in[] = {{"prog", prog, true}, {"data/deep/a.txt", data, false}};
    const char *argv[] = {"./prog", NULL}, *out[] = {"new", "data/mine", "data/deep/a.txt", "data"};
    struct og_job job = kit_job(argv);
    char *scratch = og_xstrdup("/tmp/ogpu-test-slot-XXXXXX");
    assert_non_null(mkdtemp(scratch));
    job.scratch = scratch;
    job.in = in;
    job.n_in = 2;
    job.out = out;
    job.n_out = 4;
    job.blob_dir = kit_dir;
    for (int i = 0; i < 3; i++) { /* copies of inputs are kept between jobs */
        struct og_job_result *r = kit_run(&job);
        assert_int_equal(r->why, OG_JOB_DONE);
        if (r->out.bytes != 6 || memcmp(r->out.text, "hello\n", 6) != 0)
            fail_msg("%.*s", (int)r->err.bytes, r->err.text);
        assert_int_equal(r->outs[0].state, OG_OUT_OK);
        assert_int_equal(r->outs[1].state, OG_OUT_OK);
        assert_int_equal(r->outs[2].state, OG_OUT_OK);
        assert_true(r->outs[2].bytes == 6);
        assert_int_equal(r->outs[3].state, OG_OUT_NOT_FILE);
        kit_done(r);
    }
    struct og_buf b = OG_BUF_INIT;
    struct og_err err;
    struct stat st;
    char *staged = og_xmalloc(strlen(scratch) + 4);
    memcpy(staged, scratch, strlen(scratch));
    memcpy(staged + strlen(scratch), ".in", 4);
    assert_int_equal(stat(staged, &st), 0); /* no stranger on this machine gets at the inputs */
    assert_true(st.st_uid == geteuid() && (st.st_mode & 0007) == 0);
    assert_true((st.st_mode & 0077) == 0 || st.st_gid == kit_uid);
    free(staged);
    assert_int_equal(og_io_read_file(data, 100, &b, &err), OG_OK);
    assert_string_equal(b.p, "hello\n");
    assert_true(stat(prog, &st) == 0 && (st.st_mode & 07777) == 0444);
    assert_int_equal(og_exec_scratch_drop(scratch, &err), OG_OK);
    assert_int_not_equal(access(scratch, F_OK), 0);
    og_buf_release(&b);
    free(scratch);
    free(prog);
    free(data);
}

static void test_outputs(void **state)
{
    (void)state;
    NEED_SANDBOX();
    const char *out[] = {"plain", "link", "folder", "pipe", "never", "via/passwd", "shut", "hard"};
    struct og_job job = kit_job(NULL);
    job.out = out;
    job.n_out = 8;
    job.blob_dir = kit_dir;
    struct og_job_result *r =
        kit_sh(&job, "printf abc > plain; chmod 4777 plain; mkdir folder; ln -s /etc/shadow link; "
                     "mkfifo pipe; ln -s /etc via; printf q > shut; chmod 0 shut; ln shut hard");
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_int_equal(r->outs[0].state, OG_OUT_OK);
    for (int i = 1; i < 4; i++)
        assert_int_equal(r->outs[i].state, OG_OUT_NOT_FILE);
    assert_int_equal(r->outs[4].state, OG_OUT_ABSENT);
    assert_int_equal(r->outs[5].state, OG_OUT_NOT_FILE);
    enum og_job_out_state shut = geteuid() == 0 ? OG_OUT_OK : OG_OUT_UNREADABLE;
    assert_int_equal(r->outs[6].state, shut);
    assert_int_equal(r->outs[7].state, shut);
    char hex[65], path[256];
    struct stat st;
    og_hex_encode(r->outs[0].sha256.b, 32, hex);
    snprintf(path, sizeof path, "%s/%.2s/%s", kit_dir, hex, hex);
    assert_int_equal(stat(path, &st), 0);
    assert_true((st.st_mode & 07777) == 0400 && st.st_uid == geteuid() && st.st_size == 3);
    kit_done(r);
}

static void test_time_limit_and_survivors(void **state)
{
    (void)state;
    NEED_SANDBOX();
    struct og_job job = kit_job(NULL);
    struct og_job_result *r =
        kit_sh(&job, "setsid sleep 9881.25 & (trap '' TERM HUP; sleep 9881.25) & "
                     "echo done");
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_true(kit_says(&r->out, "done") && r->run_ms < 9000);
    assert_int_equal(kit_count_procs("9881.25"), 0);
    kit_done(r);
    job.limit_ms = 300;
    r = kit_sh(&job, "trap '' TERM HUP INT; setsid sleep 9881.25 & sleep 9881.25; :");
    assert_int_equal(r->why, OG_JOB_TIME);
    assert_int_equal(kit_count_procs("9881.25"), 0);
    kit_done(r);
}

static void test_cpu_time(void **state)
{
    (void)state;
    NEED_SANDBOX();
    struct og_job job = kit_job(NULL);
    job.limit_ms = 1000;
    struct og_job_result *r = kit_sh(&job, "while :; do :; done");
    assert_int_equal(r->why, OG_JOB_TIME);
    assert_true(r->user_ms + r->sys_ms >= 100); /* it got some of the processor, and we saw it */
    kit_done(r);
}

static void test_memory(void **state)
{
    (void)state;
    NEED_SANDBOX();
    struct og_job job = kit_job(NULL);
    job.mem_bytes = 48u << 20;
    static const char *const bombs[] = {
        "tail /dev/zero",
        "for i in 1 2 3 4; do (head -c 20000000 /dev/zero; sleep 20) | tail & done; wait",
        "head -c 20000000 /dev/zero > /tmp/a; head -c 20000000 /dev/zero > /dev/shm/b; "
        "(head -c 20000000 /dev/zero; sleep 20) | tail",
        "python3 -c \"import os,time\nf=[os.memfd_create('x') for i in range(20)]\n"
        "for x in f: os.write(x,bytes(4<<20))\ntime.sleep(20)\"",
        "python3 -c \"import mmap,time\nm=mmap.mmap(-1,1<<30)\n"
        "for i in range(0,1<<30,4096): m[i]=1\ntime.sleep(20)\"",
    };
    size_t n = sizeof bombs / sizeof *bombs - (access("/usr/bin/python3", X_OK) == 0 ? 0 : 2);
    for (size_t i = 0; i < n; i++) {
        struct og_job_result *r = kit_sh(&job, bombs[i]);
        if (r->why != OG_JOB_MEMORY)
            fail_msg("%s: %s, exit %d after %llu ms", bombs[i], og_job_why_name(r->why), r->exit,
                     (unsigned long long)r->run_ms);
        kit_done(r);
    }
    /* the private /tmp is no way around it, nor is it smaller than said */
    struct og_job_result *r =
        kit_sh(&job, "head -c 200000000 /dev/zero > /tmp/x; stat -c %s /tmp/x");
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_true(kit_says(&r->out, "25165824"));
    kit_done(r);
}

static void test_floods(void **state)
{
    (void)state;
    NEED_SANDBOX();
    struct og_job job = kit_job(NULL);
    job.out_bytes_max = 100000;
    job.scratch_bytes_max = 5u << 20;
    struct og_job_result *r = kit_sh(&job, "yes");
    assert_int_equal(r->why, OG_JOB_OUTPUT);
    assert_true(r->out.bytes == 100000);
    kit_done(r);
    static const char *const floods[] = {
        "yes >&2",
        "head -c 20000000 /dev/zero > big",
        "i=0; while :; do head -c 1000000 /dev/zero > f$i; i=$((i+1)); done",
        "for i in 1 2 3 4; do (exec 3>f$i; rm f$i;head -c 4M /dev/zero >&3; sleep 20) & done\nwait",
    };
    for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
        r = kit_sh(&job, floods[i]);
        if (r->why != OG_JOB_OUTPUT)
            fail_msg("%s: %s, exit %d", floods[i], og_job_why_name(r->why), r->exit);
        kit_done(r);
    }
}

static void *count_peak(void *arg)
{
    volatile int *peak = arg;
    while (*peak >= 0) {
        int n = kit_count_procs("bomb9882");
        if (*peak >= 0 && n > *peak)
            *peak = n;
        usleep(20000);
    }
    return NULL;
}

static void test_fork_bomb(void **state)
{
    (void)state;
    NEED_SANDBOX();
    struct og_job job = kit_job(NULL);
    job.limit_ms = 1500;
    volatile int peak = 0;
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, count_peak, (void *)(uintptr_t)&peak), 0);
    uint64_t start = og_time_mono_ms();
    struct og_job_result *r =
        kit_sh(&job, "bomb9882() { bomb9882 & bomb9882 & }; bomb9882; sleep 60");
    uint64_t took = og_time_mono_ms() - start;
    int seen = peak;
    peak = -1;
    pthread_join(t, NULL);
    print_message("fork bomb: %s, %d processes at most, over after %llu ms\n",
                  og_job_why_name(r->why), seen, (unsigned long long)took);
    assert_true(r->why == OG_JOB_TIME || r->why == OG_JOB_MEMORY || r->why == OG_JOB_OUTPUT ||
                r->exit != 0);
    assert_true(seen <= OG_JOB_PROCS_MAX);
    assert_true(took < 20000);
    assert_int_equal(kit_count_procs("bomb9882"), 0);
    kit_done(r);
}

static void test_processes_are_counted(void **state)
{
    (void)state;
    NEED_SANDBOX();
    struct og_job job = kit_job(NULL);
    struct og_job_result *r = kit_sh(
        &job, "i=0; while [ $i -lt 600 ]; do sleep 9884.25 & i=$((i+1)); done; echo all; wait");
    assert_false(kit_says(&r->out, "all"));
    assert_true(r->why == OG_JOB_MEMORY || (r->why == OG_JOB_DONE && r->exit != 0));
    kit_done(r);
    assert_int_equal(kit_count_procs("9884.25"), 0);
}

static void test_deep_and_shut_trees_go(void **state)
{
    (void)state;
    NEED_SANDBOX();
    struct og_job job = kit_job(NULL);
    char *scratch = og_xstrdup("/tmp/ogpu-test-slot-XXXXXX");
    struct og_err err;
    assert_non_null(mkdtemp(scratch));
    job.scratch = scratch;
    kit_done(kit_sh(&job,
                    "i=0; while [ $i -lt 400 ]; do mkdir ddddddddddddd; cd -P ddddddddddddd; "
                    "touch f; i=$((i+1)); done; mkdir /job/s; touch /job/s/x; chmod 0 /job/s; "
                    "mkdir -p /job/.ogpu-0/x /job/.ogpu-1; chmod 500 /job/.ogpu-0"));
    struct og_job_result *r = kit_sh(&job, "ls -A | wc -l");
    assert_true(r->out.bytes == 2 && r->out.text[0] == '0');
    kit_done(r);
    assert_int_equal(og_exec_scratch_drop(scratch, &err), OG_OK);
    assert_int_not_equal(access(scratch, F_OK), 0);
    free(scratch);
}

/* A tool that dies takes its jobs with it. */
/* The folder of a slot goes on to the next id that works in it. */
static void test_scratch_changes_hands(void **state)
{
    (void)state;
    NEED_SANDBOX();
    if (!kit_uid) {
        print_message("skip: needs root\n");
        skip();
    }
    char *scratch = og_xstrdup("/tmp/ogpu-test-slot-XXXXXX");
    struct og_err err;
    assert_non_null(mkdtemp(scratch));
    struct og_job job = kit_job(NULL);
    job.scratch = scratch;
    kit_done(kit_sh(&job, "echo mine > file; chmod 700 ."));
    job.uid = kit_uid + 1;
    struct og_job_result *r = kit_sh(&job, "ls -A | wc -l; echo x > file && cat file");
    assert_true(r->out.bytes == 4 && memcmp(r->out.text, "0\nx\n", 4) == 0);
    kit_done(r);
    assert_int_equal(og_exec_scratch_drop(scratch, &err), OG_OK);
    free(scratch);
}

static void test_dies_with_the_worker(void **state)
{
    (void)state;
    NEED_SANDBOX();
    char *scratch = og_xstrdup("/tmp/ogpu-test-slot-XXXXXX");
    struct og_err err;
    assert_non_null(mkdtemp(scratch));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        const char *argv[] = {"sh", "-c", "echo x > left; sleep 9883.25 & sleep 9883.25", NULL};
        struct og_job job = kit_job(argv);
        job.scratch = scratch;
        struct og_job_result *r = og_xcalloc(1, sizeof *r);
        (void)!og_exec_run(&job, r, NULL, &err);
        _exit(0);
    }
    for (int i = 0; i < 1000 && kit_count_procs("9883.25") < 3; i++)
        usleep(10000);
    assert_true(kit_count_procs("9883.25") >= 3);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < 1000 && kit_count_procs("9883.25") > 0; i++)
        usleep(10000);
    assert_int_equal(kit_count_procs("9883.25"), 0);
    assert_int_equal(og_exec_scratch_drop(scratch, &err), OG_OK);
    free(scratch);
}

static void *slot(void *arg)
{
    uintptr_t number = (uintptr_t)arg, bad = 0;
    const char *argv[] = {"sh", "-c", "echo x > o; id -u; exit 5", NULL}, *out[] = {"o"};
    struct og_job job = kit_job(argv);
    job.out = out;
    job.n_out = 1;
    job.blob_dir = kit_dir;
    if (job.uid)
        job.uid = OG_JOB_UID_BASE + (uid_t)number;
    struct og_err err;
    struct og_job_result *r = og_xcalloc(1, sizeof *r);
    for (int i = 0; i < 10; i++) {
        bad += og_exec_run(&job, r, NULL, &err) != OG_OK || r->why != OG_JOB_DONE || r->exit != 5 ||
               r->outs[0].state != OG_OUT_OK || r->out.bytes != 5;
        og_job_result_release(r);
    }
    free(r);
    return (void *)bad;
}

static void test_slots_side_by_side(void **state)
{
    (void)state;
    NEED_SANDBOX();
    pthread_t t[4];
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, slot, (void *)i), 0);
    for (int i = 0; i < 4; i++) {
        void *bad;
        pthread_join(t[i], &bad);
        assert_true(bad == NULL);
    }
}

static int group(void)
{
    struct og_err err;
    kit_uid = geteuid() == 0 ? OG_JOB_UID_BASE : 0;
    have_sandbox = og_sandbox_probe(kit_uid, &err) == OG_OK;
    if (!have_sandbox)
        print_message("skip: %s\n", err.msg);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_exit_status),
        cmocka_unit_test(test_missing_program_is_a_result),
        cmocka_unit_test(test_sees_only_its_own),
        cmocka_unit_test(test_environment_is_clean),
        cmocka_unit_test(test_system_is_read_only),
        cmocka_unit_test(test_no_network),
        cmocka_unit_test(test_system_calls_are_refused),
        cmocka_unit_test(test_inputs_are_read_only),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_time_limit_and_survivors),
        cmocka_unit_test(test_cpu_time),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_fork_bomb),
        cmocka_unit_test(test_processes_are_counted),
        cmocka_unit_test(test_deep_and_shut_trees_go),
        cmocka_unit_test(test_scratch_changes_hands),
        cmocka_unit_test(test_dies_with_the_worker),
        cmocka_unit_test(test_slots_side_by_side),
    };
    return cmocka_run_group_tests(tests, kit_open, kit_close);
}

int main(void)
{
    kit_sandbox = OG_SANDBOX_BWRAP;
    return kit_as_both(group);
}
