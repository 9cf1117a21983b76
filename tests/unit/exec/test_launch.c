/* test_launch.c - jobs that are too large for one command line. */
#include "jobkit.h"

static bool have_sandbox;

/* Bubblewrap takes 9,000 words: inputs beyond are copied in, a command line beyond is the job's. */
static void test_many_inputs_and_arguments(void **state)
{
    (void)state;
    if (!have_sandbox)
        skip();
    enum { N = 3500, ARGS = 9500 };
    static char path[N][32];
    static struct og_job_in in[N];
    static const char *argv[ARGS + 1];
    const char *out[] = {"d/f3499", "d/f17"};
    char *data = kit_file("many.blob", "hello\n", 6);
    for (int i = 0; i < N; i++) {
        snprintf(path[i], sizeof path[i], "d/f%d", i);
        in[i] = (struct og_job_in){path[i], data, i == 0};
    }
    struct og_job job = kit_job(NULL);
    job.in = in;
    job.n_in = N;
    job.out = out;
    job.n_out = 2;
    struct og_job_result *r =
        kit_sh(&job, "ls d | wc -l; cat d/f3499; test -x d/f0; echo $?; { echo x >d/f17; } 2>&1");
    if (!kit_says(&r->out, "3500\nhello\n0\n") || r->exit == 0)
        fail_msg("%.*s", (int)r->out.bytes, r->out.text);
    assert_int_equal(r->outs[0].state, OG_OUT_OK);
    assert_true(r->outs[1].state == OG_OUT_OK && r->outs[1].bytes == 6);
    kit_done(r);
    for (int i = 0; i < ARGS; i++)
        argv[i] = "echo";
    job.argv = argv;
    r = kit_run(&job);
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_int_equal(r->exit, 126);
    kit_done(r);
    free(data);
}

static int group(void)
{
    struct og_err err;
    kit_uid = geteuid() == 0 ? OG_JOB_UID_BASE : 0;
    have_sandbox = og_sandbox_probe(kit_uid, &err) == OG_OK;
    if (!have_sandbox)
        print_message("skip: %s\n", err.msg);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_inputs_and_arguments),
    };
    return cmocka_run_group_tests(tests, kit_open, kit_close);
}

int main(void)
{
    kit_sandbox = OG_SANDBOX_BWRAP;
    return kit_as_both(group);
}
