/* fuzz_tar.c - archives of strangers: any bytes give bounded entries or are refused. */
#include "exec/exec_tar.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_tar t;
    struct og_tar_entry *e = malloc(sizeof *e);
    struct og_err err;
    int fd = memfd_create("tar", MFD_CLOEXEC), null = memfd_create("out", MFD_CLOEXEC);
    bool end = false;
    if (!e || fd < 0 || null < 0 || write(fd, data, size) != (ssize_t)size ||
        lseek(fd, 0, SEEK_SET) != 0)
        abort();
    og_tar_open(&t, fd);
    for (size_t n = 0; !end && og_tar_next(&t, e, &end, &err) == OG_OK && !end; n++) {
        if (strlen(e->name) >= OG_TAR_NAME_MAX || strlen(e->link) >= OG_TAR_NAME_MAX ||
            n > size / 512)
            abort(); /* allowed: a finding */
        if (n % 2 == 0 && og_tar_copy(&t, null, &err) != OG_OK)
            break;
    }
    close(fd);
    close(null);
    free(e);
    return 0;
}
