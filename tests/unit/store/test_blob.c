/* test_blob.c - files by content: stored once, damaged ones found, manifests, running rows. */
#include "storekit.h"

#include "store/store_blob.h"

#include <fcntl.h>
#include <sys/stat.h>

static void same_content_is_stored_once(void **state)
{
    (void)state;
    struct og_hash a;
    struct og_hash b;
    struct og_buf got = OG_BUF_INIT;
    OK(og_blob_put(kit_dir, "hello", 5, true, &a, &kit_err));
    struct og_hash want = og_sha256("hello", 5);
    assert_memory_equal(&a, &want, sizeof a);
    char *path = og_blob_path(kit_dir, &a);
    struct stat before;
    struct stat after;
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(before.st_mode & 0777, 0400);
    OK(og_blob_put(kit_dir, "hello", 5, false, &b, &kit_err));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_true(og_blob_has(kit_dir, &a));
    OK(og_blob_get(kit_dir, &a, 5, &got, &kit_err));
    assert_int_equal(got.len, 5);
    assert_memory_equal(got.p, "hello", 5);
    og_buf_reset(&got);
    assert_int_equal(og_blob_get(kit_dir, &a, 4, &got, &kit_err), OG_E_DATA);
    og_buf_release(&got);
    free(path);
}

static void files_and_descriptors(void **state)
{
    (void)state;
    struct og_hash a;
    struct og_hash b;
    uint64_t n;
    size_t len = 3 * 65536 + 17;
    char *big = og_xcalloc(1, len);
    for (size_t i = 0; i < len; i++)
        big[i] = (char)(i * 31);
    char *path = og_io_join(kit_dir, "big");
    OK(og_io_write_atomic(path, big, len, 0600, OG_IO_NOSYNC, &kit_err));
    OK(og_blob_put_file(kit_dir, path, true, &a, &n, &kit_err));
    assert_int_equal(n, len);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    OK(og_blob_put_fd(kit_dir, fd, false, &b, &n, &kit_err));
    close(fd);
    assert_memory_equal(&a, &b, sizeof a);
    struct og_hash want = og_sha256(big, len);
    assert_memory_equal(&a, &want, sizeof a);
    OK(og_blob_put(kit_dir, "", 0, false, &a, &kit_err));
    struct og_buf got = OG_BUF_INIT;
    OK(og_blob_get(kit_dir, &a, 0, &got, &kit_err));
    assert_int_equal(got.len, 0);
    og_buf_release(&got);
    free(path);
    free(big);
}

static void spoil(const struct og_hash *h, const char *text, size_t n)
{
    char *path = og_blob_path(kit_dir, h);
    OK(og_io_write_atomic(path, text, n, 0600, OG_IO_REPLACE | OG_IO_NOSYNC, &kit_err));
    free(path);
}

static void damaged_blobs_are_found(void **state)
{
    (void)state;
    struct og_hash h;
    struct og_buf got = OG_BUF_INIT;
    OK(og_blob_put(kit_dir, "right", 5, false, &h, &kit_err));
    spoil(&h, "wrong", 5);
    assert_int_equal(og_blob_get(kit_dir, &h, 100, &got, &kit_err), OG_E_DATA);
    og_buf_reset(&got);
    OK(og_blob_remove(kit_dir, &h, &kit_err));
    assert_false(og_blob_has(kit_dir, &h));
    assert_int_equal(og_blob_get(kit_dir, &h, 100, &got, &kit_err), OG_E_NOINPUT);
    og_buf_release(&got);
}

/* What a lost machine leaves of a blob that was not synced is replaced by the next put. */
static void cut_blobs_are_written_again(void **state)
{
    (void)state;
    struct og_hash h;
    uint64_t n;
    struct og_buf got = OG_BUF_INIT;
    OK(og_blob_put(kit_dir, "whole", 5, false, &h, &kit_err));
    spoil(&h, "", 0);
    OK(og_blob_put(kit_dir, "whole", 5, true, &h, &kit_err));
    OK(og_blob_get(kit_dir, &h, 5, &got, &kit_err));
    spoil(&h, "wh", 2);
    char *path = og_io_join(kit_dir, "whole");
    OK(og_io_write_atomic(path, "whole", 5, 0600, OG_IO_NOSYNC, &kit_err));
    OK(og_blob_put_file(kit_dir, path, true, &h, &n, &kit_err));
    og_buf_reset(&got);
    OK(og_blob_get(kit_dir, &h, 5, &got, &kit_err));
    assert_memory_equal(got.p, "whole", 5);
    og_buf_release(&got);
    free(path);
}

static void manifests(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    struct og_manifest got;
    struct og_manifest page[8];
    bool found;
    size_t n;
    for (uint64_t i = 1; i <= 6; i++) {
        struct og_manifest m = {.task = 1 + i / 4, .first = i * 10, .count = 10, .lease = i};
        m.root.b[0] = (uint8_t)(i % 3);
        m.sha256.b[0] = (uint8_t)i;
        OK(og_manifest_put(st, &m, &kit_err));
    }
    struct og_hash root = {{2}};
    OK(og_manifest_get(st, &root, &got, &found, &kit_err));
    assert_true(found);
    assert_int_equal(got.lease, 5);
    OK(og_manifest_page(st, 1, 15, page, 8, &n, &kit_err));
    assert_int_equal(n, 2);
    assert_int_equal(page[0].first, 20);
    assert_int_equal(page[1].first, 30);
    OK(og_manifest_del(st, &root, &kit_err));
    OK(og_manifest_get(st, &root, &got, &found, &kit_err));
    assert_false(found);
    OK(og_manifest_del_lease(st, 3, &kit_err));
    OK(og_manifest_page(st, 1, 0, page, 8, &n, &kit_err));
    assert_int_equal(n, 1);
    assert_int_equal(page[0].lease, 1);
    og_store_close(st);
}

static void running_rows(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    struct og_run r = {.lease = 7, .pid = 123, .started_ms = 5, .out_path = "/a", .err_path = "/b"};
    struct og_run got[4];
    size_t n;
    OK(og_run_put(st, &r, &kit_err));
    r.done = 4;
    OK(og_run_put(st, &r, &kit_err));
    OK(og_run_list(st, got, 4, &n, &kit_err));
    assert_int_equal(n, 1);
    assert_int_equal(got[0].done, 4);
    assert_string_equal(got[0].out_path, "/a");
    OK(og_run_del(st, 7, &kit_err));
    OK(og_run_list(st, got, 4, &n, &kit_err));
    assert_int_equal(n, 0);
    og_store_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_content_is_stored_once),
        cmocka_unit_test(files_and_descriptors),
        cmocka_unit_test(damaged_blobs_are_found),
        cmocka_unit_test(cut_blobs_are_written_again),
        cmocka_unit_test(manifests),
        cmocka_unit_test(running_rows),
    };
    return cmocka_run_group_tests(tests, kit_open, kit_close);
}
