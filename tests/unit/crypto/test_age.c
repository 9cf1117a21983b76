/* test_age.c - sealed files: the age testkit, round trips at chunk ends, changes and cuts. */
#include "crypto/crypto_age.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_hash.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int file_of(const void *p, size_t n)
{
    int fd = memfd_create("age", MFD_CLOEXEC);
    struct og_err err;
    assert_true(fd >= 0);
    assert_int_equal(og_io_write_fd(fd, p, n, &err), OG_OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void bytes_of(int fd, struct og_buf *out)
{
    struct og_err err;
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(og_io_read_fd(fd, 64 << 20, out, &err), OG_OK);
    close(fd);
}

static enum og_rc open_bytes(const struct og_age_identity *id, size_t n_id, const void *p, size_t n,
                             struct og_buf *out, struct og_err *err)
{
    int in = file_of(p, n), to = memfd_create("plain", MFD_CLOEXEC);
    enum og_rc rc = og_age_open(id, n_id, in, to, err);
    close(in);
    og_buf_reset(out);
    bytes_of(to, out);
    return rc;
}

static void seal_bytes(const struct og_age_recipient *r, size_t n_r, const void *p, size_t n,
                       struct og_buf *out)
{
    struct og_err err;
    int in = file_of(p, n), to = memfd_create("sealed", MFD_CLOEXEC);
    assert_int_equal(og_age_seal(r, n_r, in, to, &err), OG_OK);
    close(in);
    og_buf_reset(out);
    bytes_of(to, out);
}

/* ---- testkit ---- */

struct kit {
    char expect[32], payload[65];
    struct og_age_identity id[4];
    size_t n_id;
    char pass[256];
    bool zlib;
    const char *body;
    size_t n;
};

static void kit_line(struct kit *k, const char *key, const char *value)
{
    struct og_err err;
    if (strcmp(key, "expect") == 0)
        snprintf(k->expect, sizeof k->expect, "%s", value);
    else if (strcmp(key, "payload") == 0)
        snprintf(k->payload, sizeof k->payload, "%s", value);
    else if (strcmp(key, "compressed") == 0)
        k->zlib = true;
    else if (strcmp(key, "identity") == 0)
        assert_int_equal(og_age_identity_parse(value, strlen(value), &k->id[k->n_id++], &err),
                         OG_OK);
    else if (strcmp(key, "passphrase") == 0) {
        snprintf(k->pass, sizeof k->pass, "%s", value);
        k->id[k->n_id].kind = OG_AGE_SCRYPT;
        k->id[k->n_id++].passphrase = k->pass;
    }
}

static void kit_read(struct kit *k, const struct og_buf *text)
{
    size_t at = 0;
    memset(k, 0, sizeof *k);
    for (;;) {
        const char *line = text->p + at, *end = memchr(line, '\n', text->len - at);
        assert_non_null(end);
        at += (size_t)(end - line) + 1;
        if (end == line)
            break;
        char key[32], value[256];
        const char *colon = memchr(line, ':', (size_t)(end - line));
        assert_non_null(colon);
        snprintf(key, sizeof key, "%.*s", (int)(colon - line), line);
        snprintf(value, sizeof value, "%.*s", (int)(end - colon - 2), colon + 2);
        kit_line(k, key, value);
    }
    k->body = text->p + at;
    k->n = text->len - at;
}

/* zlib by gzip: another head; what gzip says of the missing foot does not matter. */
static void inflate_body(struct kit *k, struct og_buf *out)
{
    static const char head[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
    struct og_err err;
    struct og_buf packed = OG_BUF_INIT;
    og_buf_add(&packed, head, 10);
    og_buf_add(&packed, k->body + 2, k->n - 2);
    int in = file_of(packed.p, packed.len), p[2];
    assert_int_equal(pipe(p), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(in, 0);
        dup2(p[1], 1);
        close(2);
        execlp("gzip", "gzip", "-dc", (char *)NULL);
        _exit(127);
    }
    close(p[1]);
    assert_int_equal(og_io_read_fd(p[0], 16 << 20, out, &err), OG_OK);
    close(p[0]);
    close(in);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    og_buf_release(&packed);
    k->body = out->p;
    k->n = out->len;
}

static void kit_run(const char *name, const struct og_buf *text)
{
    struct kit k;
    struct og_err err = {0};
    struct og_buf plain = OG_BUF_INIT, body = OG_BUF_INIT;
    kit_read(&k, text);
    if (k.zlib)
        inflate_body(&k, &body);
    enum og_rc rc = open_bytes(k.id, k.n_id, k.body, k.n, &plain, &err), want = OG_E_DATA;
    if (strcmp(k.expect, "success") == 0)
        want = OG_OK;
    else if (strcmp(k.expect, "no match") == 0)
        want = OG_NO;
    if (rc != want)
        fail_msg("%s: %d instead of %d: %s", name, rc, want, err.msg);
    if (k.payload[0]) {
        char hex[65];
        struct og_hash h = og_sha256(plain.p, plain.len);
        og_hex_encode(h.b, sizeof h.b, hex);
        assert_string_equal(hex, k.payload);
    }
    og_buf_release(&plain);
    og_buf_release(&body);
}

static void test_kit(void **state)
{
    (void)state;
    const char *shared = getenv("OGPU_SHARED");
    char *dir = og_io_join(shared ? shared : "../shared", "vectors/age_testkit");
    DIR *d = opendir(dir);
    int n = 0;
    if (!d) {
        print_message("skip: no '%s'\n", dir);
        free(dir);
        skip();
    }
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        struct og_buf text = OG_BUF_INIT;
        struct og_err err;
        if (e->d_name[0] == '.')
            continue;
        char *path = og_io_join(dir, e->d_name);
        assert_int_equal(og_io_read_file(path, 1 << 20, &text, &err), OG_OK);
        kit_run(e->d_name, &text);
        free(path);
        og_buf_release(&text);
        n++;
    }
    closedir(d);
    free(dir);
    assert_true(n >= 7);
}

/* ---- our own files ---- */

static void pair(enum og_age_kind kind, struct og_age_identity *id, struct og_age_recipient *r)
{
    struct og_err err;
    struct og_buf b = OG_BUF_INIT;
    struct og_age_identity again;
    struct og_age_recipient same;
    assert_int_equal(og_age_identity_new(kind, id, &err), OG_OK);
    assert_int_equal(og_age_recipient_of(id, r, &err), OG_OK);
    assert_int_equal(og_age_identity_text(id, &b, &err), OG_OK);
    assert_int_equal(og_age_identity_parse(b.p, b.len, &again, &err), OG_OK);
    assert_memory_equal(again.secret, id->secret, sizeof id->secret);
    og_buf_reset(&b);
    assert_int_equal(og_age_recipient_text(r, &b, &err), OG_OK);
    assert_int_equal(og_age_recipient_parse(b.p, b.len, &same, &err), OG_OK);
    assert_int_equal(same.kind, kind);
    assert_memory_equal(same.pub, r->pub, sizeof r->pub);
    b.p[b.len - 1] = b.p[b.len - 1] == 'q' ? 'p' : 'q';
    assert_int_equal(og_age_recipient_parse(b.p, b.len, &same, &err), OG_E_DATA);
    og_buf_release(&b);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const size_t size[] = {0, 1, 15, 65535, 65536, 65537, 131071, 131072, 200000};
    struct og_age_identity id[2], stranger;
    struct og_age_recipient r[2], theirs;
    struct og_err err;
    struct og_buf sealed = OG_BUF_INIT, plain = OG_BUF_INIT;
    uint8_t *p = og_xmalloc(200000);
    for (size_t i = 0; i < 200000; i++)
        p[i] = (uint8_t)(i * 31 >> 3);
    for (int kind = OG_AGE_X25519; kind <= OG_AGE_HYBRID; kind++) {
        pair((enum og_age_kind)kind, &id[0], &r[0]);
        pair((enum og_age_kind)kind, &id[1], &r[1]);
        pair((enum og_age_kind)kind, &stranger, &theirs);
        for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
            seal_bytes(r, 2, p, size[i], &sealed);
            for (int who = 0; who < 2; who++) {
                assert_int_equal(open_bytes(&id[who], 1, sealed.p, sealed.len, &plain, &err),
                                 OG_OK);
                assert_int_equal(plain.len, size[i]);
                assert_memory_equal(plain.p ? plain.p : "", p, size[i]);
            }
            assert_int_equal(open_bytes(&stranger, 1, sealed.p, sealed.len, &plain, &err), OG_NO);
            assert_int_equal(plain.len, 0);
        }
    }
    free(p);
    og_buf_release(&sealed);
    og_buf_release(&plain);
}

static void test_changes(void **state)
{
    (void)state;
    struct og_age_identity id;
    struct og_age_recipient r;
    struct og_err err;
    struct og_buf sealed = OG_BUF_INIT, plain = OG_BUF_INIT;
    pair(OG_AGE_X25519, &id, &r);
    seal_bytes(&r, 1, "some text", 9, &sealed);
    for (size_t i = 0; i < sealed.len; i++) /* any bit of any byte */
        for (int bit = 0; bit < 8; bit += 3) {
            sealed.p[i] = (char)(sealed.p[i] ^ 1 << bit);
            assert_int_not_equal(open_bytes(&id, 1, sealed.p, sealed.len, &plain, &err), OG_OK);
            sealed.p[i] = (char)(sealed.p[i] ^ 1 << bit);
        }
    for (size_t n = 0; n < sealed.len; n++) {
        assert_int_equal(open_bytes(&id, 1, sealed.p, n, &plain, &err), OG_E_DATA);
        assert_int_equal(plain.len, 0);
    }
    og_buf_addc(&sealed, 'x');
    assert_int_equal(open_bytes(&id, 1, sealed.p, sealed.len, &plain, &err), OG_E_DATA);
    /* whole chunks gone from the end */
    char *big = og_xcalloc(200000, 1);
    seal_bytes(&r, 1, big, 200000, &sealed);
    for (size_t k = 1; k <= 3; k++) {
        size_t cut = 200000 - 3 * 65536 + 16 + (k - 1) * 65552;
        assert_int_equal(open_bytes(&id, 1, sealed.p, sealed.len - cut, &plain, &err), OG_E_DATA);
    }
    free(big);
    og_buf_release(&sealed);
    og_buf_release(&plain);
}

static void test_passphrase(void **state)
{
    (void)state;
    struct og_age_recipient r = {.kind = OG_AGE_SCRYPT, .passphrase = "pass", .log_n = 10};
    struct og_age_identity id = {.kind = OG_AGE_SCRYPT, .passphrase = "pass"};
    struct og_buf sealed = OG_BUF_INIT, plain = OG_BUF_INIT;
    struct og_err err;
    seal_bytes(&r, 1, "text", 4, &sealed);
    assert_int_equal(open_bytes(&id, 1, sealed.p, sealed.len, &plain, &err), OG_OK);
    assert_int_equal(plain.len, 4);
    id.passphrase = "Pass";
    assert_int_equal(open_bytes(&id, 1, sealed.p, sealed.len, &plain, &err), OG_NO);
    char *logn = strstr(sealed.p, " 10\n");
    assert_non_null(logn);
    memcpy(logn, " 23\n", 4);
    assert_int_equal(open_bytes(&id, 1, sealed.p, sealed.len, &plain, &err), OG_E_DATA);
    assert_non_null(strstr(err.msg, "above 22"));
    memcpy(logn, " 05\n", 4);
    assert_int_equal(open_bytes(&id, 1, sealed.p, sealed.len, &plain, &err), OG_E_DATA);
    og_buf_release(&sealed);
    og_buf_release(&plain);
}

static void test_mixes(void **state)
{
    (void)state;
    struct og_age_identity id;
    struct og_age_recipient r[2],
        pass[2] = {{.kind = OG_AGE_SCRYPT, .passphrase = "a", .log_n = 10}};
    uint8_t key[OG_AGE_FILE_KEY] = {0};
    struct og_buf out = OG_BUF_INIT;
    struct og_err err;
    pair(OG_AGE_X25519, &id, &r[0]);
    pair(OG_AGE_HYBRID, &id, &r[1]);
    pass[1] = r[0];
    assert_int_equal(og_age_header_make(r, 2, key, &out, &err), OG_E_USAGE);
    assert_int_equal(og_age_header_make(pass, 2, key, &out, &err), OG_E_USAGE);
    assert_int_equal(og_age_header_make(r, 0, key, &out, &err), OG_E_USAGE);
    og_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kit),     cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_changes), cmocka_unit_test(test_passphrase),
        cmocka_unit_test(test_mixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
