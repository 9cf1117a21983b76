/* test_io.c - atomic writes, bounded reads, folders, trees that fight their removal, /dev/full. */
#include "base/base_io.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/ogpu-test-io-XXXXXX";

static int enter(void **state)
{
    (void)state;
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    struct og_err err;
    return chdir("/") == 0 && og_io_remove_tree(dir, &err) == OG_OK && access(dir, F_OK) < 0 ? 0
                                                                                             : -1;
}

static void assert_file(const char *path, const char *want, mode_t mode)
{
    struct og_err err = {0};
    struct og_buf b = OG_BUF_INIT;
    assert_int_equal(og_io_read_file(path, 1 << 20, &b, &err), OG_OK);
    assert_string_equal(b.p, want);
    og_buf_release(&b);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

static void test_write(void **state)
{
    (void)state;
    struct og_err err = {0};
    umask(077);
    assert_int_equal(og_io_write_atomic("w", "one", 3, 0644, OG_IO_REPLACE, &err), OG_OK);
    umask(022);
    assert_file("w", "one", 0644);
    assert_int_equal(og_io_write_atomic("w", "two", 3, 0600, OG_IO_NOSYNC, &err), OG_OK);
    assert_file("w", "two", 0600);
    assert_int_equal(og_io_write_atomic("w", "bad", 3, 0600, OG_IO_NOCLOBBER, &err),
                     OG_E_CANTCREATE);
    assert_non_null(strstr(err.msg, "never overwritten"));
    assert_file("w", "two", 0600);
    assert_int_equal(og_io_write_atomic("no/w", "x", 1, 0600, OG_IO_REPLACE, &err),
                     OG_E_CANTCREATE);
    assert_int_equal(og_io_write_atomic("n", "new", 3, 0400, OG_IO_NOCLOBBER, &err), OG_OK);
    assert_file("n", "new", 0400);
    /* no temporary file is left in any case */
    assert_int_equal(og_io_write_atomic("w/x", "x", 1, 0600, OG_IO_REPLACE, &err), OG_E_CANTCREATE);
    assert_int_equal(unlink("w") | unlink("n"), 0);
    assert_int_equal(mkdir("sub", 0700), 0);
    assert_int_equal(og_io_write_atomic("sub", "x", 1, 0600, OG_IO_REPLACE, &err), OG_E_CANTCREATE);
    assert_int_equal(rmdir("sub"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(dir), 0); /* empty */
    assert_int_equal(mkdir(dir, 0700) | chdir(dir), 0);
}

static void test_read(void **state)
{
    (void)state;
    struct og_err err = {0};
    struct og_buf b = OG_BUF_INIT;
    assert_int_equal(og_io_read_file("absent", 10, &b, &err), OG_E_NOINPUT);
    assert_int_equal(og_io_read_file("/", 10, &b, &err), OG_E_NOINPUT);
    assert_int_equal(og_io_write_atomic("r", "0123456789", 10, 0640, OG_IO_NOSYNC, &err), OG_OK);
    assert_int_equal(og_io_read_file("r", 10, &b, &err), OG_OK);
    assert_int_equal(b.len, 10);
    assert_int_equal(og_io_read_file("r", 9, &b, &err), OG_E_DATA);
    og_buf_reset(&b);
    assert_int_equal(og_io_read_secret("r", 10, &b, &err), OG_E_NOPERM);
    assert_int_equal(chmod("r", 0600), 0);
    assert_int_equal(og_io_read_secret("r", 10, &b, &err), OG_OK);
    assert_int_equal(og_io_read_file("/dev/zero", 100000, &b, &err), OG_E_DATA);
    assert_true(b.len < 200000);
    og_buf_release(&b);
}

static void test_mkdirs(void **state)
{
    (void)state;
    struct og_err err = {0};
    assert_int_equal(og_io_mkdirs("m/a//b/", 0700, &err), OG_OK);
    assert_int_equal(og_io_mkdirs("m/a//b", 0700, &err), OG_OK);
    assert_true(og_io_exists("m/a/b"));
    assert_int_equal(og_io_mkdirs("", 0700, &err), OG_E_CANTCREATE);
    assert_int_equal(og_io_write_atomic("m/f", "", 0, 0600, OG_IO_NOSYNC, &err), OG_OK);
    assert_int_equal(og_io_mkdirs("m/f", 0700, &err), OG_E_CANTCREATE);
    assert_int_equal(og_io_mkdirs("m/f/g", 0700, &err), OG_E_CANTCREATE);
    assert_int_equal(og_io_mkdirs("/", 0700, &err), OG_OK);
}

static void test_remove_tree(void **state)
{
    (void)state;
    struct og_err err = {0};
    assert_int_equal(og_io_remove_tree("absent", &err), OG_OK);
    assert_int_equal(og_io_mkdirs("keep/in", 0700, &err), OG_OK);
    assert_int_equal(og_io_mkdirs("t/a/b", 0700, &err), OG_OK);
    assert_int_equal(symlink("../keep", "t/link"), 0);
    assert_int_equal(og_io_write_atomic("t/a/b/f", "x", 1, 0400, OG_IO_NOSYNC, &err), OG_OK);
    assert_int_equal(chmod("t/a/b", 0) | chmod("t/a", 0500), 0);
    assert_int_equal(og_io_remove_tree("t", &err), OG_OK);
    assert_false(og_io_exists("t"));
    assert_true(og_io_exists("keep/in"));
    assert_int_equal(symlink("keep", "l"), 0);
    assert_int_equal(og_io_remove_tree("l", &err), OG_OK);
    assert_true(og_io_exists("keep/in"));
}

/* Deeper than PATH_MAX and than any descriptor limit, with names in the way of the mover. */
static void test_remove_deep(void **state)
{
    (void)state;
    struct og_err err = {0};
    assert_int_equal(og_io_mkdirs("deep/.wipe-0/full", 0700, &err), OG_OK);
    assert_int_equal(og_io_write_atomic("deep/.wipe-1", "", 0, 0600, OG_IO_NOSYNC, &err), OG_OK);
    int fd = open("deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(mkdirat(fd, "a-name-of-some-length", 0700), 0);
        int next = openat(fd, "a-name-of-some-length", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(fd);
        fd = next;
    }
    close(fd);
    assert_int_equal(og_io_remove_tree("deep", &err), OG_OK);
    assert_false(og_io_exists("deep"));
}

static void test_tame(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a/b", "..a", "a..", ".hidden", "a b", "\xc3\xbc"};
    static const char *const bad[] = {"",     "/a",   "a//b",  "a/",   ".",     "..",
                                      "a/..", "../a", "a/./b", "a\nb", "a\x7f", "a/\x1b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(og_io_path_is_tame(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(og_io_path_is_tame(bad[i]));
    char deep[1100];
    memset(deep, 'a', sizeof deep);
    for (size_t i = 99; i < sizeof deep; i += 100)
        deep[i] = '/';
    deep[1024] = '\0';
    assert_true(og_io_path_is_tame(deep));
    deep[1024] = 'a';
    deep[1025] = '\0';
    assert_false(og_io_path_is_tame(deep));
}

static int closed_stdout(const char *path, const char *text)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct og_err err = {0};
        if (path ? !freopen(path, "w", stdout) : close(1) < 0) /* allowed: the child's own stdout */
            _exit(9);
        fputs(text, stdout);
        _exit((int)og_io_close_stdout(&err));
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_close_stdout(void **state)
{
    (void)state;
    fflush(NULL);
    assert_int_equal(closed_stdout("/dev/null", "x"), OG_OK);
    assert_int_equal(closed_stdout("/dev/full", "x"), OG_E_IO);
    assert_int_equal(closed_stdout("/dev/full", ""), OG_OK);
    assert_int_equal(closed_stdout(NULL, "x"), OG_E_IO);
    assert_int_equal(closed_stdout(NULL, ""), OG_OK);
}

static void test_write_fd(void **state)
{
    (void)state;
    struct og_err err = {0};
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_int_equal(og_io_write_fd(fd, "x", 1, &err), OG_E_IO);
    assert_non_null(strstr(err.msg, "No space"));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),        cmocka_unit_test(test_read),
        cmocka_unit_test(test_mkdirs),       cmocka_unit_test(test_remove_tree),
        cmocka_unit_test(test_remove_deep),  cmocka_unit_test(test_tame),
        cmocka_unit_test(test_close_stdout), cmocka_unit_test(test_write_fd),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
