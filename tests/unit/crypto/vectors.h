/* vectors.h - published vectors under OGPU_SHARED, for the tests of crypto. */
#ifndef OG_TESTS_CRYPTO_VECTORS_H
#define OG_TESTS_CRYPTO_VECTORS_H

#include "base/base_buf.h"
#include "base/base_io.h"

#include <jansson.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A file of vectors, packed when its name ends so; NULL when it is not there. */
static json_t *load_vectors(const char *name)
{
    const char *shared = getenv("OGPU_SHARED");
    char *dir = og_io_join(shared ? shared : "../shared", "vectors"), *path = og_io_join(dir, name);
    free(dir);
    if (!og_io_exists(path)) {
        print_message("skip: no '%s'\n", path);
        free(path);
        return NULL;
    }
    struct og_buf text = OG_BUF_INIT;
    int p[2], status;
    assert_int_equal(pipe(p), 0);
    posix_spawn_file_actions_t fa;
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, p[1], 1);
    posix_spawn_file_actions_addclose(&fa, p[0]);
    char gzip[] = "gzip", flags[] = "-dcf";
    char *argv[] = {gzip, flags, path, NULL};
    pid_t pid;
    assert_int_equal(posix_spawnp(&pid, gzip, &fa, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&fa);
    close(p[1]);
    assert_int_equal(og_io_read_fd(p[0], 64 << 20, &text, NULL), OG_OK);
    close(p[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    json_t *j = json_loadb(text.p, text.len, 0, NULL);
    assert_non_null(j);
    og_buf_release(&text);
    free(path);
    return j;
}

#endif
