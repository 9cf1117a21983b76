/* test_job.c - jobs without a sandbox: how they end, what comes out, what stays behind. */
#include "jobkit.h"

#include <pthread.h>
#include <sys/resource.h>

static void expect_exit(const char *text, int want)
{
    struct og_job job = kit_job(NULL);
    struct og_job_result *r = kit_sh(&job, text);
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_int_equal(r->exit, want);
    kit_done(r);
}

static void test_exit_status_is_the_shells(void **state)
{
    (void)state;
    expect_exit("exit 0", 0);
    expect_exit("exit 3", 3);
    expect_exit("exit 255", 255);
    expect_exit("kill -9 $$", 137);
    expect_exit("kill -15 $$", 143);
    expect_exit("kill -11 $$", 139);
}

static void test_missing_program_is_a_result(void **state)
{
    (void)state;
    const char *argv[] = {"no-such-program-here", NULL};
    struct og_job job = kit_job(argv);
    struct og_job_result *r = kit_run(&job);
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_int_equal(r->exit, 127);
    assert_true(kit_says(&r->err, "no-such-program-here"));
    kit_done(r);
    argv[0] = "./also-missing";
    r = kit_run(&job);
    assert_int_equal(r->exit, 127);
    kit_done(r);
    argv[0] = "/etc/passwd"; /* there, not executable */
    r = kit_run(&job);
    assert_int_equal(r->exit, 126);
    kit_done(r);
    argv[0] = "";
    r = kit_run(&job);
    assert_int_equal(r->exit, 127);
    kit_done(r);
}

static void test_streams_and_environment(void **state)
{
    (void)state;
    const char *env[] = {"OGPU_INDEX=6", "WORD=two words", "BAD", "=x", "OGPU_INDEX=7", NULL};
    struct og_job job = kit_job(NULL);
    job.env = env;
    setenv("OGPU_TEST_SECRET", "leak", 1);
    struct og_job_result *r = kit_sh(
        &job,
        "echo $OGPU_INDEX \"$WORD\"; echo oops >&2; env | grep -c -e SECRET -e BAD -e ^=; cat");
    assert_int_equal(r->exit, 0);
    assert_true(r->out.bytes == 14 && memcmp(r->out.text, "7 two words\n0\n", 14) == 0);
    assert_true(r->err.bytes == 5 && memcmp(r->err.text, "oops\n", 5) == 0);
    struct og_hash want = og_sha256("oops\n", 5);
    assert_memory_equal(want.b, r->err.sha256.b, 32);
    kit_done(r);
}

static void test_large_streams_go_to_blobs(void **state)
{
    (void)state;
    struct og_job job = kit_job(NULL);
    job.blob_dir = kit_dir;
    char *tee = kit_path("tee");
    job.stdout_fd = open(tee, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct og_job_result *r = kit_sh(&job, "seq 1 100000; echo small >&2");
    assert_true(r->out.stored && !r->out.has_inline && r->out.bytes == 588895);
    assert_true(!r->err.stored && r->err.has_inline);
    char hex[65], path[256];
    struct og_buf got = OG_BUF_INIT;
    struct og_err err;
    og_hex_encode(r->out.sha256.b, 32, hex);
    snprintf(path, sizeof path, "%s/%.2s/%s", kit_dir, hex, hex);
    assert_int_equal(og_io_read_file(path, 1u << 20, &got, &err), OG_OK);
    struct og_hash want = og_sha256(got.p, got.len);
    assert_memory_equal(want.b, r->out.sha256.b, 32);
    assert_int_equal(got.len, 588895);
    struct stat st;
    assert_int_equal(fstat(job.stdout_fd, &st), 0);
    assert_int_equal(st.st_size, 588895);
    kit_done(r);
    og_buf_release(&got);

    job.inline_max = 0; /* everything that is not empty becomes a blob */
    r = kit_sh(&job, "echo small >&2");
    assert_true(!r->out.stored && r->out.bytes == 0);
    assert_true(r->err.stored && r->err.has_inline);
    kit_done(r);
    close(job.stdout_fd);
    free(tee);
}

static void test_flood_is_cut(void **state)
{
    (void)state;
    struct og_job job = kit_job(NULL);
    job.out_bytes_max = 100000;
    struct og_job_result *r = kit_sh(&job, "yes");
    assert_int_equal(r->why, OG_JOB_OUTPUT);
    assert_true(r->out.bytes == 100000);
    kit_done(r);
    r = kit_sh(&job, "yes >&2");
    assert_int_equal(r->why, OG_JOB_OUTPUT);
    assert_true(r->err.bytes == 100000);
    kit_done(r);
}

static void test_time_limit_kills_the_tree(void **state)
{
    (void)state;
    struct og_job job = kit_job(NULL);
    job.limit_ms = 300;
    uint64_t start = og_time_mono_ms();
    struct og_job_result *r = kit_sh(
        &job, "trap '' TERM HUP INT; (trap '' TERM; sleep 9871.25 & wait) & sleep 9871.25; :");
    uint64_t took = og_time_mono_ms() - start;
    assert_int_equal(r->why, OG_JOB_TIME);
    assert_true(r->run_ms >= 300 && took < 10000);
    kit_done(r);
    assert_int_equal(kit_count_procs("9871.25"), 0);
}

static void test_background_processes_end_with_the_job(void **state)
{
    (void)state;
    struct og_job job = kit_job(NULL);
    struct og_job_result *r = kit_sh(&job, "sleep 9872.25 & sleep 9872.25 & echo done");
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_true(r->run_ms < 9000);
    assert_true(kit_says(&r->out, "done"));
    kit_done(r);
    assert_int_equal(kit_count_procs("9872.25"), 0);
}

/* Twice forked into sessions of their own: orphans that only the guard still knows. */
static void test_orphans_end_with_the_job(void **state)
{
    (void)state;
    struct og_job job = kit_job(NULL);
    struct og_job_result *r = kit_sh(
        &job, "(setsid sh -c 'sleep 9874.25 & setsid sleep 9874.25 &' &); sleep 0.1; echo over");
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_true(kit_says(&r->out, "over"));
    kit_done(r);
    assert_int_equal(kit_count_procs("9874.25"), 0);
    job.limit_ms = 300;
    r = kit_sh(&job, "(setsid sh -c \"trap '' TERM; sleep 9874.25\" &); sleep 9874.25");
    assert_int_equal(r->why, OG_JOB_TIME);
    kit_done(r);
    assert_int_equal(kit_count_procs("9874.25"), 0);
}

static volatile sig_atomic_t grace;

static void *ask_to_end(void *arg)
{
    const char *ready = arg;
    struct og_err err;
    for (int i = 0; i < 4000 && !og_io_exists(ready); i++)
        og_time_sleep_ms(5);
    (void)!og_io_remove_tree(ready, &err);
    grace = OG_STOP_GRACE;
    return NULL;
}

/* SIGTERM first; what it says then still comes out, and it counts as stopped. */
static void test_grace(void **state)
{
    (void)state;
    char text[256], ready[64] = "/tmp/ogpu-test-ready-XXXXXX";
    int fd = mkstemp(ready);
    assert_true(fd >= 0 && close(fd) == 0 && unlink(ready) == 0);
    for (int heeds = 0; heeds < 2; heeds++) {
        pthread_t id;
        struct og_err err;
        struct og_job_result *r = og_xcalloc(1, sizeof *r);
        snprintf(text, sizeof text, "trap '%s' TERM; touch %s; while :; do sleep 0.01; done",
                 heeds ? "echo saved; exit 0" : "", ready);
        const char *argv[] = {"sh", "-c", text, NULL};
        struct og_job job = kit_job(argv);
        job.grace_ms = heeds ? 60000 : 200;
        grace = 0;
        assert_int_equal(pthread_create(&id, NULL, ask_to_end, ready), 0);
        assert_int_equal(og_exec_run(&job, r, &grace, &err), OG_OK);
        pthread_join(id, NULL);
        assert_int_equal(r->why, OG_JOB_STOPPED);
        assert_int_equal(r->exit, heeds ? 0 : 137);
        kit_done(r);
    }
}

static void test_stop(void **state)
{
    (void)state;
    const char *argv[] = {"sleep", "9873.25", NULL};
    struct og_job job = kit_job(argv);
    struct og_err err;
    struct og_job_result *r = og_xcalloc(1, sizeof *r);
    volatile sig_atomic_t stop = 1;
    assert_int_equal(og_exec_run(&job, r, &stop, &err), OG_OK);
    assert_int_equal(r->why, OG_JOB_STOPPED);
    kit_done(r);
    assert_int_equal(kit_count_procs("9873.25"), 0);
}

static void test_memory_limit(void **state)
{
    (void)state;
    struct og_job job = kit_job(NULL);
    job.mem_bytes = 48u << 20;
    job.limit_ms = 30000;
    struct og_job_result *r = kit_sh(&job, "tail /dev/zero");
    assert_int_equal(r->why, OG_JOB_MEMORY);
    kit_done(r);
    /* four of 20 MB are too much together, none is alone */
    r = kit_sh(&job, "for i in 1 2 3 4; do (head -c 20000000 /dev/zero; sleep 20) | tail & done; "
                     "wait");
    assert_int_equal(r->why, OG_JOB_MEMORY);
    kit_done(r);
    r = kit_sh(&job, "(head -c 20000000 /dev/zero; sleep 0.3) | tail | wc -c");
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_true(kit_says(&r->out, "20000000"));
    kit_done(r);
}

static void test_outputs(void **state)
{
    (void)state;
    const char *out[] = {"plain", "sub/deep", "link",       "folder",
                         "pipe",  "never",    "via/passwd", "sock"};
    struct og_job job = kit_job(NULL);
    job.out = out;
    job.n_out = 8;
    job.blob_dir = kit_dir;
    struct og_job_result *r =
        kit_sh(&job, "printf abc > plain; mkdir sub folder; printf defg > sub/deep; "
                     "ln -s /etc/passwd link; mkfifo pipe; ln -s /etc via");
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_int_equal(r->n_outs, 8);
    assert_int_equal(r->outs[0].state, OG_OUT_OK);
    struct og_hash want = og_sha256("abc", 3);
    assert_memory_equal(want.b, r->outs[0].sha256.b, 32);
    assert_int_equal(r->outs[1].state, OG_OUT_OK);
    assert_true(r->outs[1].bytes == 4);
    assert_int_equal(r->outs[2].state, OG_OUT_NOT_FILE);
    assert_int_equal(r->outs[3].state, OG_OUT_NOT_FILE);
    assert_int_equal(r->outs[4].state, OG_OUT_NOT_FILE);
    assert_int_equal(r->outs[5].state, OG_OUT_ABSENT);
    assert_int_equal(r->outs[6].state, OG_OUT_NOT_FILE);
    char hex[65], path[256];
    og_hex_encode(want.b, 32, hex);
    snprintf(path, sizeof path, "%s/%.2s/%s", kit_dir, hex, hex);
    struct og_buf got = OG_BUF_INIT;
    struct og_err err;
    assert_int_equal(og_io_read_file(path, 100, &got, &err), OG_OK);
    assert_string_equal(got.p, "abc");
    og_buf_release(&got);
    kit_done(r);
}

/* Files in the two levels below dir. */
static int blobs_in(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        char *sub = og_io_join(dir, e->d_name);
        n += e->d_type == DT_DIR ? blobs_in(sub) : 1;
        free(sub);
    }
    if (d)
        closedir(d);
    return n;
}

static void test_outputs_too_large(void **state)
{
    (void)state;
    const char *out[] = {"a", "b"};
    struct og_job job = kit_job(NULL);
    job.out = out;
    job.n_out = 2;
    job.out_bytes_max = 9000;
    job.blob_dir = kit_path("none");
    assert_int_equal(mkdir(job.blob_dir, 0700), 0);
    struct og_job_result *r = kit_sh(
        &job, "head -c 8000 /dev/zero >a; head -c 8000 /dev/zero >b; head -c 8000 /dev/zero");
    assert_int_equal(r->why, OG_JOB_OUTPUT);
    assert_int_equal(r->outs[0].state, OG_OUT_ABSENT);
    assert_int_equal(r->outs[1].state, OG_OUT_TOO_LARGE);
    kit_done(r);
    r = kit_sh(&job, "head -c 8000 /dev/zero >a; head -c 8000 /dev/zero; yes >&2");
    assert_int_equal(r->why, OG_JOB_OUTPUT);
    assert_false(r->out.stored || r->err.stored);
    kit_done(r);
    job.limit_ms = 300;
    r = kit_sh(&job, "head -c 8000 /dev/zero; sleep 100");
    assert_int_equal(r->why, OG_JOB_TIME);
    assert_true(r->out.bytes == 8000 && !r->out.stored);
    kit_done(r);
    assert_int_equal(blobs_in(job.blob_dir), 0); /* nobody would ever name them */
    free((void *)(uintptr_t)job.blob_dir);
    job.blob_dir = NULL;
    job.limit_ms = 60000;
    job.out_bytes_max = 1000;
    job.scratch_bytes_max = 5u << 20;
    r = kit_sh(&job, "head -c 20000000 /dev/zero > big"); /* one file: the signal of the limit */
    assert_int_equal(r->why, OG_JOB_OUTPUT);
    kit_done(r);
    r = kit_sh(&job, "i=0; while :; do head -c 1000000 /dev/zero > f$i; i=$((i+1)); done");
    assert_int_equal(r->why, OG_JOB_OUTPUT); /* many: the watcher */
    kit_done(r);
    r = kit_sh(&job,
               "for i in 1 2 3 4 5 6 7 8; do (exec 3> x$i; rm x$i; head -c 2000000 /dev/zero >&3; "
               "sleep 20) & done; wait"); /* without a name */
    assert_int_equal(r->why, OG_JOB_OUTPUT);
    kit_done(r);
}

static void test_inputs(void **state)
{
    (void)state;
    static const char script[] = "#!/bin/sh\ncat data/a.txt; cp data/a.txt b; echo $1\n";
    char *prog = kit_file("prog.blob", script, sizeof script - 1);
    char *data = kit_file("data.blob", "hello\n", 6);
    struct og_job_in in[] = {{"bin/prog", prog, true}, {"data/a.txt", data, false}};
    const char *argv[] = {"bin/prog", "arg", NULL}, *out[] = {"b", "data/a.txt"};
    struct og_job job = kit_job(argv);
    job.in = in;
    job.n_in = 2;
    job.out = out;
    job.n_out = 2;
    struct og_job_result *r = kit_run(&job);
    assert_int_equal(r->exit, 0);
    assert_true(r->out.bytes == 10 && memcmp(r->out.text, "hello\narg\n", 10) == 0);
    assert_int_equal(r->outs[0].state, OG_OUT_OK);
    assert_int_equal(r->outs[1].state, OG_OUT_OK);
    assert_true(r->outs[1].bytes == 6);
    kit_done(r);

    struct og_err err;
    r = og_xcalloc(1, sizeof *r);
    in[1].src = "/nonexistent/blob";
    assert_int_equal(og_exec_run(&job, r, NULL, &err), OG_E_NOINPUT);
    assert_int_equal(r->why, OG_JOB_INPUT);
    assert_non_null(strstr(err.msg, "'data/a.txt'"));
    in[1].src = data;
    in[1].path = "../escape";
    assert_int_equal(og_exec_run(&job, r, NULL, &err), OG_E_DATA);
    assert_int_equal(r->why, OG_JOB_INPUT);
    in[1].path = "bin/prog/below"; /* below a file */
    assert_int_equal(og_exec_run(&job, r, NULL, &err), OG_E_DATA);
    assert_int_equal(r->why, OG_JOB_INPUT);
    in[1].path = "data/a.txt";
    in[0].executable = false;
    assert_int_equal(og_exec_run(&job, r, NULL, &err), OG_OK);
    assert_int_equal(r->exit, 126);
    kit_done(r);
    free(prog);
    free(data);
}

static void test_scratch_is_reused_empty(void **state)
{
    (void)state;
    struct og_job job = kit_job(NULL);
    struct og_err err;
    char *scratch = kit_path("scratch");
    job.scratch = scratch;
    struct stat a, b;
    struct og_job_result *r = kit_sh(&job, "pwd; ls -A | wc -l");
    assert_true(kit_says(&r->out, scratch) && kit_says(&r->out, "\n0\n"));
    kit_done(r);
    assert_int_equal(stat(scratch, &a), 0);
    kit_done(kit_sh(&job, "mkdir -p a/b; touch a/b/c .hidden; chmod 0 a/b; ln -s / root"));
    r = kit_sh(&job, "ls -A | wc -l");
    assert_true(r->out.bytes == 2 && r->out.text[0] == '0');
    kit_done(r);
    assert_int_equal(stat(scratch, &b), 0);
    assert_true(a.st_ino == b.st_ino);
    assert_int_equal(rmdir(scratch), 0); /* it is empty */
    assert_int_equal(og_exec_scratch_drop(scratch, &err), OG_OK);
    free(scratch);
}

static void *array_of(void *arg)
{
    const struct og_job *base = arg;
    struct og_job job = *base;
    char name[128];
    snprintf(name, sizeof name, "%s/slot-%lx", kit_dir, (unsigned long)pthread_self());
    job.scratch = name;
    struct og_err err;
    struct og_job_result *r = og_xcalloc(1, sizeof *r);
    uintptr_t bad = 0;
    for (int i = 0; i < 25; i++) {
        bad += og_exec_run(&job, r, NULL, &err) != OG_OK || r->why != OG_JOB_DONE || r->exit != 5;
        og_job_result_release(r);
    }
    free(r);
    return (void *)bad;
}

/* Programs are written and executed by many threads at once: "text file busy" must not show. */
static void test_threads(void **state)
{
    (void)state;
    struct og_buf sh = OG_BUF_INIT;
    struct og_err err;
    assert_int_equal(og_io_read_file("/bin/sh", 8u << 20, &sh, &err), OG_OK);
    char *prog = kit_file("sh.blob", sh.p, sh.len);
    og_buf_release(&sh);
    struct og_job_in in[] = {{"mysh", prog, true}};
    const char *argv[] = {"./mysh", "-c", "exit 5", NULL};
    struct og_job job = kit_job(argv);
    job.in = in;
    job.n_in = 1;
    pthread_t t[6];
    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&t[i], NULL, array_of, &job), 0);
    for (int i = 0; i < 6; i++) {
        void *bad;
        pthread_join(t[i], &bad);
        assert_true(bad == NULL);
    }
    free(prog);
}

static uint64_t own_cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)u.ru_utime.tv_sec * 1000000 + (uint64_t)u.ru_utime.tv_usec +
           (uint64_t)u.ru_stime.tv_sec * 1000000 + (uint64_t)u.ru_stime.tv_usec;
}

static void test_overhead(void **state)
{
    (void)state;
    const char *argv[] = {"/bin/true", NULL};
    struct og_job job = kit_job(argv);
    char *scratch = kit_path("fast");
    job.scratch = scratch;
    struct og_err err;
    struct og_job_result *r = og_xcalloc(1, sizeof *r);
    uint64_t best = UINT64_MAX;
    for (int round = 0; round < 5; round++) {
        uint64_t start = own_cpu_us();
        for (int i = 0; i < 100; i++) {
            assert_int_equal(og_exec_run(&job, r, NULL, &err), OG_OK);
            og_job_result_release(r);
        }
        best = og_min_u64(best, (own_cpu_us() - start) / 100);
    }
    print_message("%llu us of own CPU time a job\n", (unsigned long long)best);
#if !defined(__SANITIZE_ADDRESS__)
    assert_true(best <= 250);
#endif
    free(r);
    free(scratch);
}

static int group(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_status_is_the_shells),
        cmocka_unit_test(test_missing_program_is_a_result),
        cmocka_unit_test(test_streams_and_environment),
        cmocka_unit_test(test_large_streams_go_to_blobs),
        cmocka_unit_test(test_flood_is_cut),
        cmocka_unit_test(test_time_limit_kills_the_tree),
        cmocka_unit_test(test_background_processes_end_with_the_job),
        cmocka_unit_test(test_orphans_end_with_the_job),
        cmocka_unit_test(test_grace),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_outputs_too_large),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_scratch_is_reused_empty),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_overhead),
    };
    return cmocka_run_group_tests(tests, kit_open, kit_close);
}

int main(void)
{
    kit_sandbox = OG_SANDBOX_NONE;
    return kit_as_both(group);
}
