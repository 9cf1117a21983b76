/* test_judge.c - every combination of what worker and verifiers can say, against tables written
 * from the rules. */
#include "check/check_judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_judge_value value(char c)
{
    struct og_judge_value v = {OG_VALUE_HASH, {{(uint8_t)c}}};
    if (c == '-')
        v.kind = OG_VALUE_NONE;
    else if (c == 'a')
        v.kind = OG_VALUE_ABSENT;
    return v;
}

/* pay of v1..v3: '-' none, K reserve, L lock, V bond of v1, T treasury, s split. */
static void expect(const struct og_judgement *j, const char *what, enum og_judge_outcome o,
                   const char *pay, int slash, enum og_judge_lock lock, bool half, bool checked)
{
    static const char letters[] = "-KLVTs";
    char got[4] = {letters[j->pay[0]], letters[j->pay[1]], letters[j->pay[2]], 0};
    if (j->outcome != o || strcmp(got, pay) != 0 || j->slash_v != slash || j->lock != lock ||
        j->half_p != half || j->checked != checked)
        fail_msg("%s: outcome %d pay %s slash %d lock %d half %d checked %d", what, j->outcome, got,
                 j->slash_v, j->lock, j->half_p, j->checked);
}

/* The worker's value is w; x, y other hashes; a absent; - nothing. */
static void test_exact(void **st)
{
    static const char says[] = "wxya-";
    (void)st;
    for (int k = 0; k < 5 * 5 * 5 * 4; k++) {
        char s[4] = {says[k % 5], says[k / 5 % 5], says[k / 25 % 5], 0};
        bool soft = k / 125 & 1, final = k / 125 & 2;
        struct og_judge_value w = value('w');
        struct og_judge_value v[3] = {value(s[0]), value(s[1]), value(s[2])};
        struct og_judgement j = og_judge_exact(&w, v, soft, final);
        int missing = (s[1] == '-') + (s[2] == '-');
        if (s[0] == '-')
            expect(&j, s, final ? OG_JUDGE_FALLBACK : OG_JUDGE_PENDING, "---", 0, OG_LOCK_FREE,
                   false, false);
        else if (s[0] == 'w')
            expect(&j, s, OG_JUDGE_ACCEPTED, "K--", 0, OG_LOCK_FREE, false, true);
        else if (missing > 0 && final)
            expect(&j, s, OG_JUDGE_FALLBACK, "K--", 0, OG_LOCK_FREE, false, false);
        else if (missing > 0)
            expect(&j, s, missing == 2 ? OG_JUDGE_MORE : OG_JUDGE_PENDING, "---", 0, OG_LOCK_FREE,
                   false, false);
        else if (s[1] == 'w' && s[2] == 'w')
            expect(&j, s, OG_JUDGE_ACCEPTED, "-VV", 1, OG_LOCK_FREE, false, true);
        else if (s[0] == s[1] && s[1] == s[2])
            expect(&j, s, OG_JUDGE_WRONG, "LLL", 0, soft ? OG_LOCK_Q_EACH : OG_LOCK_SLASH, false,
                   true);
        else
            expect(&j, s, OG_JUDGE_NONDET, "sss", 0, OG_LOCK_FREE, true, false);
    }
}

static enum og_vote vote(char c)
{
    return c == 'o'   ? OG_VOTE_OK
           : c == 'g' ? OG_VOTE_GREY
           : c == 'b' ? OG_VOTE_BAD
           : c == 'a' ? OG_VOTE_ABSENT
                      : OG_VOTE_NONE;
}

/* Every v1 with every unordered pair of v2 and v3, written out by hand: b bad, a absent, g grey,
 * o ok. */
struct line {
    const char *says;
    enum og_judge_outcome outcome;
    const char *pay;
    int slash;
    enum og_judge_lock lock;
};

static const struct line vote_table[] = {
    {"bbb", OG_JUDGE_WRONG, "LLL", 0, OG_LOCK_SLASH},
    {"bba", OG_JUDGE_WRONG, "LLL", 0, OG_LOCK_SLASH},
    {"baa", OG_JUDGE_WRONG, "LLL", 0, OG_LOCK_SLASH},
    {"bbg", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"bag", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"bgg", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"bbo", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"bao", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"bgo", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"boo", OG_JUDGE_ACCEPTED, "-VV", 1, OG_LOCK_FREE},
    {"abb", OG_JUDGE_WRONG, "LLL", 0, OG_LOCK_SLASH},
    {"aba", OG_JUDGE_WRONG, "LLL", 0, OG_LOCK_SLASH},
    {"aaa", OG_JUDGE_WRONG, "LLL", 0, OG_LOCK_SLASH},
    {"abg", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"aag", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"agg", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"abo", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"aao", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"ago", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"aoo", OG_JUDGE_ACCEPTED, "-VV", 1, OG_LOCK_FREE},
    {"gbb", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"gba", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"gaa", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"gbg", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"gag", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"ggg", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"gbo", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"gao", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"ggo", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"goo", OG_JUDGE_ACCEPTED, "KTT", 0, OG_LOCK_FREE},
    {"obb", OG_JUDGE_REJECTED, "-LL", 1, OG_LOCK_Q_EACH},
    {"oba", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"oaa", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"obg", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"oag", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"ogg", OG_JUDGE_REJECTED, "LLL", 0, OG_LOCK_Q_EACH},
    {"obo", OG_JUDGE_ACCEPTED, "KTT", 0, OG_LOCK_FREE},
    {"oao", OG_JUDGE_ACCEPTED, "KTT", 0, OG_LOCK_FREE},
    {"ogo", OG_JUDGE_ACCEPTED, "KTT", 0, OG_LOCK_FREE},
    {"ooo", OG_JUDGE_ACCEPTED, "KTT", 0, OG_LOCK_FREE},
};

static const struct line *vote_line(const char *s)
{
    for (size_t i = 0; i < sizeof vote_table / sizeof *vote_table; i++) {
        const char *t = vote_table[i].says;
        if (t[0] == s[0] && ((t[1] == s[1] && t[2] == s[2]) || (t[1] == s[2] && t[2] == s[1])))
            return &vote_table[i];
    }
    return NULL;
}

static void test_vote(void **st)
{
    static const char says[] = "ogba-";
    size_t full = 0;
    (void)st;
    for (int k = 0; k < 5 * 5 * 5 * 4; k++) {
        char s[4] = {says[k % 5], says[k / 5 % 5], says[k / 25 % 5], 0};
        bool referee = k / 125 & 1, final = k / 125 & 2;
        enum og_vote v[3] = {vote(s[0]), vote(s[1]), vote(s[2])};
        struct og_judgement j = og_judge_vote(v, referee, final);
        int missing = (s[1] == '-') + (s[2] == '-');
        const struct line *l = vote_line(s);
        if (s[0] == '-')
            expect(&j, s, final ? OG_JUDGE_FALLBACK : OG_JUDGE_PENDING, "---", 0, OG_LOCK_FREE,
                   false, false);
        else if (s[0] == 'o' && !referee)
            expect(&j, s, OG_JUDGE_ACCEPTED, "K--", 0, OG_LOCK_FREE, false, true);
        else if (missing > 0 && final && s[0] == 'o')
            expect(&j, s, OG_JUDGE_ACCEPTED, "K--", 0, OG_LOCK_FREE, false, true);
        else if (missing > 0 && final)
            expect(&j, s, OG_JUDGE_FALLBACK, "K--", 0, OG_LOCK_FREE, false, false);
        else if (missing > 0)
            expect(&j, s, missing == 2 ? OG_JUDGE_MORE : OG_JUDGE_PENDING, "---", 0, OG_LOCK_FREE,
                   false, false);
        else {
            assert_non_null(l);
            full++;
            expect(&j, s, l->outcome, l->pay, l->slash, l->lock, false,
                   l->outcome != OG_JUDGE_REJECTED);
        }
    }
    assert_int_equal(full, 4 * 48 + 2 * 16); /* ok of v1 only with a referee */
}

static void test_cmd(void **st)
{
    (void)st;
    for (int second = 0; second < 2; second++)
        for (int final = 0; final < 2; final++) {
            struct og_judgement j = og_judge_cmd(second, OG_VOTE_NONE, final);
            expect(&j, "none", final ? OG_JUDGE_FALLBACK : OG_JUDGE_PENDING, "---", 0, OG_LOCK_FREE,
                   false, false);
            j = og_judge_cmd(second, OG_VOTE_OK, final);
            expect(&j, "ok", OG_JUDGE_ACCEPTED, "K--", 0, OG_LOCK_FREE, false, true);
            for (int v = OG_VOTE_GREY; v <= OG_VOTE_ABSENT; v++) {
                j = og_judge_cmd(second, (enum og_vote)v, final);
                expect(&j, "no", second ? OG_JUDGE_JOBFAULT : OG_JUDGE_REJECTED, "K--", 0,
                       OG_LOCK_FREE, second, false);
            }
        }
}

static void test_words_and_referee(void **st)
{
    enum og_vote v;
    size_t yes = 0;
    (void)st;
    assert_true(og_judge_parse("ok", &v) && v == OG_VOTE_OK);
    assert_true(og_judge_parse("grey", &v) && v == OG_VOTE_GREY);
    assert_true(og_judge_parse("bad", &v) && v == OG_VOTE_BAD);
    assert_true(og_judge_parse("absent", &v) && v == OG_VOTE_ABSENT);
    assert_false(og_judge_parse("none", &v));
    assert_false(og_judge_parse("OK", &v));
    for (uint64_t i = 0; i < 16000; i++) {
        struct og_hash seed = og_sha256(&i, sizeof i);
        assert_false(og_judge_referee(&seed, 0));
        assert_true(og_judge_referee(&seed, 1));
        yes += og_judge_referee(&seed, 8);
    }
    assert_true(yes > 1830 && yes < 2170); /* 2000 ± 42 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_exact), cmocka_unit_test(test_vote),
                                       cmocka_unit_test(test_cmd),
                                       cmocka_unit_test(test_words_and_referee)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
