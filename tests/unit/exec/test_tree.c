/* test_tree.c - emptying and measuring folder trees made to resist it; blobs; scratch folders. */
#include "jobkit.h"

#include "exec/exec_keep.h"
#include "exec/exec_scratch.h"
#include "exec/exec_tree.h"

static int open_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static int count(const char *path)
{
    int n = 0;
    DIR *d = opendir(path);
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

/* A chain of `levels` folders below dir, a file in each; the deepest closed to all. */
static void make_chain(const char *path, int levels)
{
    int fd = open_dir(path);
    for (int i = 0; i < levels; i++) {
        assert_int_equal(mkdirat(fd, "a-folder-with-a-rather-long-name", 0700), 0);
        int next = openat(fd, "a-folder-with-a-rather-long-name", O_RDONLY | O_DIRECTORY);
        int f = openat(next, "file", O_WRONLY | O_CREAT, 0);
        assert_true(next >= 0 && f >= 0);
        close(f);
        if (levels > 20 && i > levels - 20)
            fchmod(fd, 0000);
        close(fd);
        fd = next;
    }
    close(fd);
}

static void test_empty(void **state)
{
    (void)state;
    char *top = kit_path("t"), *outside = kit_file("outside", "x", 1);
    char path[256];
    assert_int_equal(mkdir(top, 0700), 0);
    int fd = open_dir(top);
    assert_int_equal(og_tree_empty(fd), 0);
    make_chain(top, 3000);
    snprintf(path, sizeof path, "%s/link", top);
    assert_int_equal(symlink(kit_dir, path), 0);
    snprintf(path, sizeof path, "%s/.ogpu-0", top); /* the name that lifting would use */
    assert_int_equal(mkdir(path, 0000), 0);
    snprintf(path, sizeof path, "%s/fifo", top);
    assert_int_equal(mkfifo(path, 0600), 0);
    for (int i = 0; i < 2000; i++) {
        snprintf(path, sizeof path, "%s/many%d", top, i);
        assert_int_equal(i % 2 ? mkdir(path, 0) : symlink("/", path), 0);
    }
    assert_int_equal(og_tree_empty(fd), 0);
    assert_int_equal(count(top), 0);
    assert_int_equal(access(outside, F_OK), 0);
    close(fd);
    rmdir(top);
    free(top);
    free(outside);
}

static void test_measure(void **state)
{
    (void)state;
    struct og_tree_size s;
    char *top = kit_path("m"), *f = kit_path("m/file"), block[100000];
    struct og_err err;
    memset(block, 1, sizeof block);
    assert_int_equal(mkdir(top, 0700), 0);
    int fd = open_dir(top);
    assert_true(og_tree_measure(fd, 1, 1, &s));
    assert_true(s.bytes == 0 && s.nodes == 0);
    assert_int_equal(og_io_write_atomic(f, block, sizeof block, 0600, OG_IO_NOSYNC, &err), OG_OK);
    assert_true(og_tree_measure(fd, 0, 0, &s));
    assert_true(s.nodes == 1 && s.bytes >= sizeof block && s.bytes < 2 * sizeof block);
    assert_false(og_tree_measure(fd, 50000, 0, &s));
    make_chain(top, 10);
    assert_false(og_tree_measure(fd, 0, 3, &s));
    assert_int_equal(og_tree_empty(fd), 0);
    assert_int_equal(mkdir(f, 0700), 0); /* filled, then closed to its readers */
    free(kit_file("m/file/in", block, sizeof block));
    assert_int_equal(chmod(f, 0300), 0);
    assert_false(og_tree_measure(fd, 50000, 0, &s));
    assert_int_equal(og_tree_empty(fd), 0);
    make_chain(top, 300); /* deeper than any measure goes */
    assert_false(og_tree_measure(fd, 0, 0, &s));
    assert_int_equal(og_tree_empty(fd), 0);
    close(fd);
    free(top);
    free(f);
}

static void test_keep_only(void **state)
{
    (void)state;
    char *top = kit_path("k");
    const char *keep[] = {"b"};
    assert_int_equal(mkdir(top, 0700), 0);
    free(kit_file("k/a", "1", 1));
    free(kit_file("k/b", "2", 1));
    free(kit_file("k/c", "3", 1));
    int fd = open_dir(top);
    og_tree_keep_only(fd, keep, 1);
    assert_int_equal(count(top), 1);
    assert_int_equal(faccessat(fd, "b", F_OK, 0), 0);
    close(fd);
    free(top);
}

static void test_blobs(void **state)
{
    (void)state;
    struct og_err err;
    struct og_hash h, want = og_sha256("content", 7);
    uint64_t bytes;
    char *dir = kit_path("blobs"), *f = kit_file("moveme", "content", 7), *copy = kit_path("copy");
    assert_int_equal(mkdir(dir, 0700), 0);
    char *place = og_keep_place(dir, &want);
    assert_int_equal(strlen(place), strlen(dir) + 4 + 64);
    int top = open_dir(kit_dir), fd = open(f, O_RDONLY | O_CLOEXEC);
    assert_int_equal(og_keep_fd(fd, 6, dir, false, -1, NULL, &h, &bytes, &err), OG_E_DATA);
    assert_int_not_equal(access(place, F_OK), 0);
    assert_int_equal(og_keep_fd(fd, 7, dir, true, top, "moveme", &h, &bytes, &err), OG_OK);
    assert_true(bytes == 7 && memcmp(&h, &want, sizeof h) == 0);
    assert_int_equal(access(place, F_OK), 0);
    assert_int_not_equal(access(f, F_OK), 0); /* moved */
    int to = open(copy, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(og_keep_copy_fd(fd, to, &err), OG_OK);
    assert_int_equal(og_keep_fd(to, 7, dir, false, -1, NULL, &h, &bytes, &err), OG_OK);
    assert_int_equal(count(dir), 1); /* no temporary file is left */
    assert_int_equal(og_keep_fd(to, 7, "/nonexistent", false, -1, NULL, &h, &bytes, &err),
                     OG_E_CANTCREATE);
    assert_int_equal(og_keep_fd(to, 7, NULL, false, -1, NULL, &h, &bytes, &err), OG_OK);
    close(to);
    close(fd);
    close(top);
    free(place);
    free(dir);
    free(f);
    free(copy);
}

static void test_scratch_folder_of_a_stranger(void **state)
{
    (void)state;
    struct og_scratch s;
    struct og_err err;
    char *path = kit_path("alien"), *link = kit_path("link"), *real = kit_path("real");
    assert_int_equal(mkdir(real, 0700), 0);
    assert_int_equal(symlink(real, link), 0);
    assert_int_equal(og_scratch_open(&s, link, 0, &err),
                     OG_E_CANTCREATE); /* never through a link */
    assert_int_equal(og_scratch_open(&s, "/nonexistent/a/b", 0, &err), OG_E_CANTCREATE);
    if (geteuid() == 0) {
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(chown(path, 4711, 4711), 0);
        assert_int_equal(og_scratch_open(&s, path, 0, &err), OG_E_NOPERM);
        assert_non_null(strstr(err.msg, "4711"));
    }
    free(path);
    free(link);
    free(real);
}

static int group(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_measure),
        cmocka_unit_test(test_keep_only),
        cmocka_unit_test(test_blobs),
        cmocka_unit_test(test_scratch_folder_of_a_stranger),
    };
    return cmocka_run_group_tests(tests, kit_open, kit_close);
}

int main(void)
{
    return kit_as_both(group);
}
