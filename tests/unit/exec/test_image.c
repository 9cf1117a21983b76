/* test_image.c - archives of root file systems: packed, read, unpacked, and refused. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "exec/exec_image.h"
#include "exec/exec_tar.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/ogpu-image-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    struct og_err err;
    return og_io_remove_tree(dir, &err) == OG_OK ? 0 : -1;
}

static char *in(const char *name)
{
    return og_io_join(dir, name);
}

static void put(const char *name, const char *text, mode_t mode)
{
    struct og_err err;
    char *path = in(name);
    assert_int_equal(og_io_write_atomic(path, text, strlen(text), mode, OG_IO_NOSYNC, &err), OG_OK);
    free(path);
}

static bool is(const char *name, const char *text, mode_t mode)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_err err;
    struct stat st;
    char *path = in(name);
    bool same = og_io_read_file(path, 4096, &b, &err) == OG_OK && b.len == strlen(text) &&
                memcmp(b.p, text, b.len) == 0 && stat(path, &st) == 0 &&
                (st.st_mode & 07777) == mode;
    free(path);
    og_buf_release(&b);
    return same;
}

static int pack(const char *name)
{
    struct og_err err = {0};
    char *path = in(name);
    int fd = memfd_create("tar", MFD_CLOEXEC);
    assert_int_equal(og_tar_pack(path, fd, &err), OG_OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    free(path);
    return fd;
}

static void make_tree(void)
{
    struct og_err err;
    char long_name[200], *path;
    memset(long_name, 'n', sizeof long_name);
    memcpy(long_name, "src/", 4);
    long_name[180] = '\0';
    path = in("src/usr/bin");
    assert_int_equal(og_io_mkdirs(path, 0755, &err), OG_OK);
    free(path);
    put("src/usr/bin/tool", "tool", 0755);
    put("src/usr/secret", "secret", 0600);
    put(long_name, "long", 0644);
    char *from = in("src/bin");
    assert_int_equal(symlink("usr/bin", from), 0);
    free(from);
    from = in("src/pipe");
    assert_int_equal(mkfifo(from, 0600), 0);
    free(from);
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct og_err err = {0};
    struct stat st;
    make_tree();
    int a = pack("src"), b = pack("src");
    assert_true(fstat(a, &st) == 0 && st.st_size % 512 == 0);
    void *x = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, a, 0);
    void *y = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, b, 0);
    assert_memory_equal(x, y, (size_t)st.st_size);
    munmap(x, (size_t)st.st_size);
    munmap(y, (size_t)st.st_size);
    char *to = in("out");
    assert_int_equal(og_image_unpack(a, to, &err), OG_OK);
    assert_int_equal(og_image_unpack(b, to, &err), OG_OK); /* it is there: theirs stays */
    assert_true(is("out/usr/bin/tool", "tool", 0555));
    assert_true(is("out/usr/secret", "secret", 0444));
    char name[200], link[64] = "";
    memset(name, 'n', sizeof name);
    memcpy(name, "out/", 4);
    name[180] = '\0';
    assert_true(is(name, "long", 0444));
    char *path = in("out/bin");
    assert_true(readlink(path, link, sizeof link) == 7 && strcmp(link, "usr/bin") == 0);
    free(path);
    path = in("out/pipe");
    assert_false(og_io_exists(path));
    free(path);
    free(to);
    close(a);
    close(b);
}

/* One header; the rest of the block is zero. */
static void entry(int fd, const char *name, char type, const char *link, const char *size)
{
    char h[512] = {0};
    unsigned sum = 0;
    memcpy(h, name, strlen(name));
    memcpy(h + 100, "0004755", 7);
    memcpy(h + 124, size, strlen(size));
    h[156] = type;
    memcpy(h + 157, link, strlen(link));
    memset(h + 148, ' ', 8);
    for (size_t i = 0; i < sizeof h; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    assert_int_equal(write(fd, h, sizeof h), sizeof h);
}

static void expect(int fd, enum og_rc want, const char *says)
{
    struct og_err err = {0};
    char *to = in("refused"), *outside = in("x");
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(og_image_unpack(fd, to, &err), want);
    if (!strstr(err.msg, says))
        fail_msg("'%s' does not say '%s'", err.msg, says);
    assert_int_equal(og_io_exists(to), want == OG_OK);
    assert_false(og_io_exists(outside));
    struct og_err ignored;
    assert_int_equal(og_io_remove_tree(to, &ignored), OG_OK);
    free(to);
    free(outside);
    close(fd);
}

static int archive(void)
{
    return memfd_create("tar", MFD_CLOEXEC);
}

static void test_refused(void **state)
{
    (void)state;
    int fd = archive();
    entry(fd, "../x", '0', "", "0");
    expect(fd, OG_E_DATA, "'../x' leaves the archive");
    fd = archive();
    entry(fd, "way", '2', dir, "0");
    entry(fd, "way/x", '0', "", "0");
    expect(fd, OG_E_DATA, "behind a link");
    fd = archive();
    entry(fd, "way", '2', dir, "0");
    entry(fd, "y", '1', "way/x", "0");
    expect(fd, OG_E_DATA, "to what is no file of the archive");
    fd = archive();
    entry(fd, "y", '1', "../../x", "0");
    expect(fd, OG_E_DATA, "is a link out of the archive");
    fd = archive();
    entry(fd, "y", '0', "", "77777777");
    expect(fd, OG_E_DATA, "cut off");
    fd = archive();
    entry(fd, "y", '0', "", "777777777777");
    expect(fd, OG_E_DATA, "cut off");
    fd = archive();
    entry(fd, "y", '0', "", "9");
    expect(fd, OG_E_DATA, "damaged");
    fd = archive();
    entry(fd, "y", 'L', "", "7777777");
    expect(fd, OG_E_DATA, "longer than");
    expect(archive(), OG_E_DATA, "empty");
    fd = archive();
    assert_int_equal(write(fd, "plain text", 10), 10);
    expect(fd, OG_E_DATA, "not a tar archive");
}

static void test_made_harmless(void **state)
{
    (void)state;
    int fd = archive();
    struct og_err err = {0};
    char *to = in("tame");
    entry(fd, "/abs/tool", '0', "", "0"); /* below the image's top */
    entry(fd, "./dev/null", '3', "", "0");
    entry(fd, "twin", '1', "abs/tool", "0");
    entry(fd, "abs/link", '2', "/etc/passwd", "0"); /* leads into the image, seen from within */
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(og_image_unpack(fd, to, &err), OG_OK);
    assert_true(is("tame/abs/tool", "", 0555)); /* the right of its owner is gone */
    assert_true(is("tame/twin", "", 0555));
    char *null = in("tame/dev/null");
    assert_false(og_io_exists(null));
    free(null);
    free(to);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_made_harmless),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
