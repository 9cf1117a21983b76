/* test_open.c - the state file: who may open it, migrations, one writer at a time, named values. */
#include "storekit.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char *db_path(const char *dir)
{
    return og_io_join(dir, "ogpu.db");
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
}

static struct og_hash hash_of(const char *path)
{
    struct og_hash h;
    uint64_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    OK(og_sha256_fd(fd, &h, &n, &kit_err));
    close(fd);
    return h;
}

static char *subdir(const char *name)
{
    char *dir = og_io_join(kit_dir, name);
    OK(og_io_mkdirs(dir, 0700, &kit_err));
    return dir;
}

static void a_missing_state_says_how_to_make_one(void **state)
{
    (void)state;
    struct og_store *st;
    char *dir = subdir("none");
    char *path = db_path(dir);
    for (int i = 0; i < 2; i++) {
        enum og_store_flags f = i ? OG_STORE_WRITE : OG_STORE_READ;
        assert_int_equal(og_store_open(dir, f, &st, &kit_err), OG_E_CONFIG);
        assert_null(st);
        assert_non_null(strstr(kit_err.msg, "run 'ogpu init' first"));
        assert_false(og_io_exists(path));
    }
    free(path);
    free(dir);
}

/* Forty processes, none sees the others' half-made file. */
static void forty_openers_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        char name[16];
        snprintf(name, sizeof name, "forty%d", round);
        char *dir = og_io_join(kit_dir, name);
        pid_t pid[40];
        for (int i = 0; i < 40; i++) {
            pid[i] = fork();
            assert_true(pid[i] >= 0);
            if (pid[i] == 0) {
                struct og_store *st;
                uint64_t n = 0;
                enum og_rc rc = og_store_open(
                    dir, OG_STORE_CREATE | OG_STORE_WRITE | OG_STORE_NOSYNC, &st, &kit_err);
                if (rc == OG_OK)
                    rc = og_row_count(st, OG_F_TASK, &n, &kit_err);
                if (rc != OG_OK)
                    fprintf(stderr, "# opener: %s\n", kit_err.msg);
                og_store_close(st);
                _exit(rc == OG_OK && n == 0 ? 0 : 1);
            }
        }
        int bad = 0;
        for (int i = 0; i < 40; i++) {
            int status;
            assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
            bad += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        }
        assert_int_equal(bad, 0);
        struct stat sb;
        char *path = db_path(dir);
        assert_int_equal(stat(path, &sb), 0);
        assert_int_equal(sb.st_mode & 0777, 0600);
        free(path);
        free(dir);
    }
}

static void refused_untouched(const char *dir, const char *part)
{
    static const enum og_store_flags how[] = {OG_STORE_READ, OG_STORE_WRITE,
                                              OG_STORE_WRITE | OG_STORE_CREATE};
    struct og_store *st;
    char *path = db_path(dir);
    struct og_hash before = hash_of(path);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(og_store_open(dir, how[i], &st, &kit_err), OG_E_CONFIG);
        assert_null(st);
        if (!strstr(kit_err.msg, part))
            fail_msg("'%s' lacks '%s'", kit_err.msg, part);
        struct og_hash after = hash_of(path);
        assert_memory_equal(&before, &after, sizeof before);
    }
    free(path);
}

static void newer_state_is_refused_untouched(void **state)
{
    (void)state;
    char *dir = subdir("newer");
    char *path = db_path(dir);
    og_store_close(kit_create(dir));
    run_sql(path, "PRAGMA user_version = 9999; CREATE TABLE future(x)");
    refused_untouched(dir, "version 9999, newer than this program's");
    /* also when it does not keep a write-ahead log any more */
    run_sql(path, "PRAGMA journal_mode = DELETE");
    refused_untouched(dir, "version 9999, newer than this program's");
    free(path);
    free(dir);
}

/* A crash of the newer program left its log behind: it is not ours to write back. */
static void newer_states_log_is_left_alone(void **state)
{
    (void)state;
    char *dir = subdir("newer-log");
    char *path = db_path(dir);
    og_store_close(kit_create(dir));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        run_sql(path, "PRAGMA journal_mode = WAL");
        sqlite3 *db;
        if (sqlite3_open(path, &db) != SQLITE_OK ||
            sqlite3_exec(db, "PRAGMA user_version = 7777; CREATE TABLE future(x)", NULL, NULL,
                         NULL) != SQLITE_OK)
            _exit(1);
        _exit(0); /* not closed: the log stays */
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    refused_untouched(dir, "version 7777");
    free(path);
    free(dir);
}

static void files_of_others_are_refused_untouched(void **state)
{
    (void)state;
    static const char *const sql[] = {
        "CREATE TABLE songs(title)",
        "PRAGMA application_id = 1234",
        "PRAGMA application_id = 1234; PRAGMA user_version = 1; CREATE TABLE x(y)",
        "PRAGMA user_version = 1; CREATE TABLE x(y)",
    };
    for (size_t i = 0; i < sizeof sql / sizeof *sql; i++) {
        char name[16];
        snprintf(name, sizeof name, "foreign%zu", i);
        char *dir = subdir(name);
        char *path = db_path(dir);
        run_sql(path, sql[i]);
        refused_untouched(dir, "is not a state of OPEN GPU Network");
        free(path);
        free(dir);
    }
    char *dir = subdir("text");
    char *path = db_path(dir);
    char text[4096];
    memset(text, 'x', sizeof text);
    OK(og_io_write_atomic(path, text, sizeof text, 0600, OG_IO_NOSYNC, &kit_err));
    refused_untouched(dir, "not a database");
    free(path);
    free(dir);
}

static void empty_file_is_no_state_until_created(void **state)
{
    (void)state;
    struct og_store *st;
    char *dir = subdir("empty");
    char *path = db_path(dir);
    OK(og_io_write_atomic(path, "", 0, 0600, OG_IO_NOSYNC, &kit_err));
    assert_int_equal(og_store_open(dir, OG_STORE_WRITE, &st, &kit_err), OG_E_CONFIG);
    assert_non_null(strstr(kit_err.msg, "no state"));
    og_store_close(kit_create(dir));
    OK(og_store_open(dir, OG_STORE_READ, &st, &kit_err));
    og_store_close(st);
    free(path);
    free(dir);
}

static void unreadable_state_is_77(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("skip: root reads everything\n");
        skip();
    }
    struct og_store *st;
    char *dir = subdir("closed");
    char *path = db_path(dir);
    og_store_close(kit_create(dir));
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(og_store_open(dir, OG_STORE_READ, &st, &kit_err), OG_E_NOPERM);
    free(path);
    free(dir);
}

/* Read, then write what was read plus one: BEGIN IMMEDIATE makes them queue up. */
static void writers_queue_up(void **state)
{
    (void)state;
    enum { PROCESSES = 6, EACH = 40 };
    char *dir = subdir("queue");
    og_store_close(kit_create(dir));
    pid_t pid[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i])
            continue;
        struct og_store *st;
        if (og_store_open(dir, OG_STORE_WRITE | OG_STORE_NOSYNC, &st, &kit_err) != OG_OK)
            _exit(2);
        for (int k = 0; k < EACH; k++) {
            uint64_t v;
            if (og_store_begin(st, &kit_err) != OG_OK ||
                og_store_meta_u64(st, "n", 0, &v, &kit_err) != OG_OK ||
                og_store_meta_put_u64(st, "n", v + 1, &kit_err) != OG_OK ||
                og_store_commit(st, &kit_err) != OG_OK) {
                fprintf(stderr, "# writer: %s\n", kit_err.msg);
                _exit(1);
            }
        }
        og_store_close(st);
        _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_int_equal(status, 0);
    }
    struct og_store *st;
    uint64_t v;
    OK(og_store_open(dir, OG_STORE_READ, &st, &kit_err));
    OK(og_store_meta_u64(st, "n", 0, &v, &kit_err));
    assert_int_equal(v, PROCESSES * EACH);
    og_store_close(st);
    free(dir);
}

static void rollback_and_marks(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    uint64_t v;
    OK(og_store_begin(st, &kit_err));
    assert_true(og_store_in_transaction(st));
    OK(og_store_meta_put_u64(st, "a", 1, &kit_err));
    OK(og_store_mark(st, &kit_err));
    OK(og_store_meta_put_u64(st, "a", 2, &kit_err));
    OK(og_store_mark_undo(st, &kit_err));
    OK(og_store_mark(st, &kit_err));
    OK(og_store_meta_put_u64(st, "b", 3, &kit_err));
    OK(og_store_mark_keep(st, &kit_err));
    OK(og_store_commit(st, &kit_err));
    assert_false(og_store_in_transaction(st));
    OK(og_store_meta_u64(st, "a", 0, &v, &kit_err));
    assert_int_equal(v, 1);
    OK(og_store_meta_u64(st, "b", 0, &v, &kit_err));
    assert_int_equal(v, 3);
    OK(og_store_begin(st, &kit_err));
    OK(og_store_meta_put_u64(st, "a", 9, &kit_err));
    og_store_rollback(st);
    og_store_rollback(st); /* once too often is harmless */
    OK(og_store_meta_u64(st, "a", 0, &v, &kit_err));
    assert_int_equal(v, 1);
    og_store_close(st);
}

static void named_values(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    struct og_buf b = OG_BUF_INIT;
    bool found = true;
    OK(og_store_meta_get(st, "x", &b, &found, &kit_err));
    assert_false(found);
    OK(og_store_meta_put(st, "x", "\0y\xff", 3, &kit_err));
    OK(og_store_meta_get(st, "x", &b, &found, &kit_err));
    assert_true(found);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.p, "\0y\xff", 3);
    OK(og_store_meta_put(st, "x", "", 0, &kit_err));
    OK(og_store_meta_get(st, "x", &b, &found, &kit_err));
    assert_true(found && b.len == 0);
    uint64_t v;
    OK(og_store_meta_put_u64(st, "big", UINT64_MAX, &kit_err));
    OK(og_store_meta_u64(st, "big", 7, &v, &kit_err));
    assert_true(v == UINT64_MAX);
    OK(og_store_meta_u64(st, "absent", 7, &v, &kit_err));
    assert_int_equal(v, 7);
    og_buf_release(&b);
    og_store_close(st);
}

static void version_tells_of_other_writers(void **state)
{
    (void)state;
    char *dir = subdir("version");
    struct og_store *a = kit_create(dir);
    struct og_store *b;
    OK(og_store_open(dir, OG_STORE_READ, &b, &kit_err));
    uint64_t before = og_store_version(b);
    assert_int_equal(og_store_version(b), before);
    OK(og_store_begin(a, &kit_err));
    OK(og_store_meta_put_u64(a, "n", 1, &kit_err));
    assert_int_equal(og_store_version(b), before);
    OK(og_store_commit(a, &kit_err));
    assert_int_not_equal(og_store_version(b), before);
    og_store_close(a);
    og_store_close(b);
    free(dir);
}

static void a_read_transaction_sees_one_state(void **state)
{
    (void)state;
    char *dir = subdir("read");
    struct og_store *a = kit_create(dir);
    struct og_store *b;
    uint64_t v;
    OK(og_store_open(dir, OG_STORE_READ, &b, &kit_err));
    OK(og_store_meta_put_u64(a, "n", 1, &kit_err));
    OK(og_store_begin_read(b, &kit_err));
    OK(og_store_meta_u64(b, "n", 0, &v, &kit_err));
    assert_int_equal(v, 1);
    OK(og_store_meta_put_u64(a, "n", 2, &kit_err));
    OK(og_store_meta_u64(b, "n", 0, &v, &kit_err));
    assert_int_equal(v, 1);
    og_store_end_read(b);
    OK(og_store_meta_u64(b, "n", 0, &v, &kit_err));
    assert_int_equal(v, 2);
    og_store_close(a);
    og_store_close(b);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_state_says_how_to_make_one),
        cmocka_unit_test(forty_openers_at_once),
        cmocka_unit_test(newer_state_is_refused_untouched),
        cmocka_unit_test(newer_states_log_is_left_alone),
        cmocka_unit_test(files_of_others_are_refused_untouched),
        cmocka_unit_test(empty_file_is_no_state_until_created),
        cmocka_unit_test(unreadable_state_is_77),
        cmocka_unit_test(writers_queue_up),
        cmocka_unit_test(rollback_and_marks),
        cmocka_unit_test(named_values),
        cmocka_unit_test(version_tells_of_other_writers),
        cmocka_unit_test(a_read_transaction_sees_one_state),
    };
    return cmocka_run_group_tests(tests, kit_open, kit_close);
}
