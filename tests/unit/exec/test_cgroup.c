/* test_cgroup.c - control groups: against a real cgroup2 mount where we may write to one. */
#include "jobkit.h"

#include "exec/exec_cgroup.h"
#include "exec/exec_spawn.h"

#include <signal.h>
#include <sys/statfs.h>

#define CGROUP2_MAGIC 0x63677270

static const char *find_mount(void)
{
    static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    for (int i = 0; i < 2; i++) {
        struct statfs fs;
        if (statfs(places[i], &fs) == 0 && fs.f_type == CGROUP2_MAGIC &&
            access(places[i], W_OK) == 0)
            return places[i];
    }
    return NULL;
}

static void test_group_kills_what_left_its_process_group(void **state)
{
    (void)state;
    const char *mount = find_mount();
    struct og_cgroup g;
    struct og_err err;
    if (!mount || og_cgroup_open(mount, 0, 0, 0, &g, &err) != OG_OK) {
        print_message("skip: no cgroup2 mount that we may write to\n");
        skip();
    }
    char *const argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
                          (char *)(uintptr_t) "setsid sleep 9891.25 & exec sleep 9891.25", NULL};
    char *const env[] = {NULL};
    const char *paths[] = {"/bin/sh", NULL};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), e;
    struct og_spawn s = {.paths = paths,
                         .argv = argv,
                         .envp = env,
                         .cwd_fd = -1,
                         .stdio = {null, null, null},
                         .cgroup_fd = g.procs_fd};
    pid_t pid;
    assert_int_equal(og_spawn_start(&s, &pid, &e, &err), OG_OK);
    assert_true(pid > 0);
    for (int i = 0; i < 1000 && kit_count_procs("9891.25") < 2; i++)
        usleep(5000);
    usleep(50000);
    assert_int_equal(kit_count_procs("9891.25"), 2);
    char *path = og_xstrdup(g.path);
    og_cgroup_kill(&g);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    og_cgroup_close(&g);
    assert_int_equal(kit_count_procs("9891.25"), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    free(path);
    close(null);
}

/* A group that cannot be limited as asked is not made at all. */
static void test_all_limits_or_no_group(void **state)
{
    (void)state;
    struct og_cgroup g;
    struct og_err err;
    char *base = kit_path("not-a-cgroup");
    assert_int_equal(mkdir(base, 0700), 0);
    assert_int_equal(og_cgroup_open(base, 1u << 20, 10, 1, &g, &err), OG_E_UNAVAILABLE);
    assert_null(g.path);
    assert_int_equal(rmdir(base), 0); /* nothing left in it */
    assert_int_equal(og_cgroup_open("/nonexistent", 0, 0, 0, &g, &err), OG_E_UNAVAILABLE);
    assert_false(og_cgroup_ran_out(&g));
    assert_true(og_cgroup_peak_bytes(&g) == 0);
    og_cgroup_close(&g);
    free(base);
}

/* With memory control delegated to us the kernel holds the limit, and says so. */
static void test_memory_by_group(void **state)
{
    (void)state;
    const char *base = og_cgroup_base();
    if (!base) {
        print_message("skip: no delegated cgroup2 with memory and pids control\n");
        skip();
    }
    struct og_cgroup g;
    struct og_err err;
    assert_int_equal(og_cgroup_open(base, 32u << 20, 64, 1, &g, &err), OG_OK);
    og_cgroup_close(&g);
    struct og_job job = kit_job(NULL);
    job.mem_bytes = 48u << 20;
    struct og_job_result *r = kit_sh(&job, "tail /dev/zero");
    assert_int_equal(r->why, OG_JOB_MEMORY);
    kit_done(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_group_kills_what_left_its_process_group),
        cmocka_unit_test(test_all_limits_or_no_group),
        cmocka_unit_test(test_memory_by_group),
    };
    return cmocka_run_group_tests(tests, kit_open, kit_close);
}
