/* fuzz_json_line.c - JSON Lines: whatever comes, lines are those of the input, and what was read
 * can be written and read again with the same meaning. */
#include "json/json_line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int good)
{
    if (!good)
        abort(); /* allowed: a finding */
}

static void write_and_read(const json_t *rec)
{
    struct og_err err = {0};
    char *out = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&out, &n);
    require(f && og_jsonl_write(f, rec, &err) == OG_OK);
    require(fclose(f) == 0 && n > 0 && memchr(out, '\n', n) == out + n - 1);
    json_t *back = json_loadb(out, n, JSON_REJECT_DUPLICATES, NULL);
    require(back && json_equal(rec, back));
    json_decref(back);
    free(out);
}

/* What passes is an object of another kind; what is read otherwise is never let through. */
static void pass_through(const char *line, size_t n)
{
    json_error_t je;
    json_t *strict = og_jsonl_parse(line, n, NULL, &je);
    json_t *v = og_jsonl_parse(line, n, "task", &je);
    const char *kind = json_string_value(json_object_get(v, "kind"));
    require(!strict || json_equal(strict, v));
    require(strict || !v || (kind && strcmp(kind, "task") != 0));
    json_decref(strict);
    json_decref(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pass_through((const char *)data, size);
    int fd = memfd_create("in", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    struct og_jsonl_in in;
    og_jsonl_open(&in, fd, "in");
    struct og_err err = {0};
    const uint8_t *at = data;
    for (;;) {
        const char *line;
        size_t len;
        json_t *rec;
        enum og_rc rc = og_jsonl_next(&in, &line, &len, &rec, &err);
        require(rc == OG_OK || rec == NULL);
        if (rc != OG_OK || !rec)
            break;
        /* the bytes of the line are the bytes of the input, in order */
        const uint8_t *found = memmem(at, (size_t)(data + size - at), line, len);
        require(found != NULL && len <= OG_JSONL_LINE_MAX);
        at = found + len;
        write_and_read(rec);
        json_decref(rec);
    }
    og_jsonl_release(&in);
    close(fd);
    return 0;
}
