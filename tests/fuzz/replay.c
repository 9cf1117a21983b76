/* replay.c - the fuzz targets without libFuzzer: each file of the given folders is fed once. */
#include "base/base_buf.h"
#include "base/base_io.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (8u << 20)

static int replay_file(const char *path)
{
    struct og_err err = {0};
    struct og_buf b = OG_BUF_INIT;
    if (og_io_read_file(path, INPUT_MAX, &b, &err) != OG_OK) {
        fprintf(stderr, "replay: %s\n", err.msg);
        og_buf_release(&b);
        return -1;
    }
    /* an exact copy, so that one byte beyond the input is one byte beyond the memory */
    uint8_t *exact = malloc(b.len ? b.len : 1);
    if (!exact)
        return -1;
    if (b.len)
        memcpy(exact, b.p, b.len);
    int r = LLVMFuzzerTestOneInput(exact, b.len);
    free(exact);
    og_buf_release(&b);
    return r == 0 ? 0 : -1;
}

static int is_input(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* Inputs fed from the folder, -1 when it cannot be read or one of them fails. */
static long replay_folder(const char *dir)
{
    struct dirent **list = NULL;
    int n = scandir(dir, &list, is_input, alphasort);
    if (n < 0) {
        perror(dir);
        return -1;
    }
    long fed = 0;
    for (int i = 0; i < n; i++) {
        char *path = og_io_join(dir, list[i]->d_name);
        if (fed >= 0 && replay_file(path) == 0)
            fed++;
        else
            fed = -1;
        free(path);
        free(list[i]);
    }
    free(list);
    return fed;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];
    if (argc < 2) {
        fprintf(stderr, "usage: %s CORPUS ...\n", name);
        return OG_E_USAGE;
    }
    long total = 0;
    for (int i = 1; i < argc; i++) {
        long fed = replay_folder(argv[i]);
        if (fed <= 0) {
            fprintf(stderr, "%s: '%s' %s\n", name, argv[i],
                    fed ? "cannot be replayed" : "holds no input");
            return OG_E_NOINPUT;
        }
        total += fed;
    }
    printf("%s: %ld inputs\n", name, total);
    return 0;
}
