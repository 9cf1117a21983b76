/* check_judge.c - outcome tables of verification. */
#include "check/check_judge.h"

#include "check/check_draw.h"
#include "model/model_records.h"

#include <string.h>

bool og_judge_parse(const char *s, enum og_vote *out)
{
    *out = OG_VOTE_NONE;
    for (int i = OG_VOTE_OK; i <= OG_VOTE_ABSENT; i++)
        if (strcmp(s, og_vote_names[i]) == 0) {
            *out = (enum og_vote)i;
            return true;
        }
    return false;
}

static bool same(const struct og_judge_value *a, const struct og_judge_value *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind != OG_VALUE_HASH || memcmp(a->hash.b, b->hash.b, sizeof a->hash.b) == 0;
}

static struct og_judgement outcome(enum og_judge_outcome o, enum og_judge_pay p1,
                                   enum og_judge_pay p23)
{
    struct og_judgement j = {.outcome = o, .pay = {p1, p23, p23}, .lock = OG_LOCK_FREE};
    return j;
}

/* v1 spoke against the result and two others for it. */
static struct og_judgement overruled(void)
{
    struct og_judgement j = outcome(OG_JUDGE_ACCEPTED, OG_PAY_NONE, OG_PAY_BOND);
    j.slash_v = 1;
    j.checked = true;
    return j;
}

static struct og_judgement wrong(bool soft)
{
    struct og_judgement j = outcome(OG_JUDGE_WRONG, OG_PAY_LOCK, OG_PAY_LOCK);
    j.lock = soft ? OG_LOCK_Q_EACH : OG_LOCK_SLASH;
    j.checked = true;
    return j;
}

static struct og_judgement agreed(void)
{
    struct og_judgement j = outcome(OG_JUDGE_ACCEPTED, OG_PAY_RESERVE, OG_PAY_NONE);
    j.checked = true;
    return j;
}

struct og_judgement og_judge_exact(const struct og_judge_value *w, const struct og_judge_value v[3],
                                   bool soft, bool final)
{
    struct og_judgement j;
    if (v[0].kind == OG_VALUE_NONE)
        return outcome(final ? OG_JUDGE_FALLBACK : OG_JUDGE_PENDING, OG_PAY_NONE, OG_PAY_NONE);
    if (same(&v[0], w))
        return agreed();
    if (v[1].kind == OG_VALUE_NONE || v[2].kind == OG_VALUE_NONE) {
        if (final)
            return outcome(OG_JUDGE_FALLBACK, OG_PAY_RESERVE, OG_PAY_NONE);
        if (v[1].kind == OG_VALUE_NONE && v[2].kind == OG_VALUE_NONE)
            return outcome(OG_JUDGE_MORE, OG_PAY_NONE, OG_PAY_NONE);
        return outcome(OG_JUDGE_PENDING, OG_PAY_NONE, OG_PAY_NONE);
    }
    if (same(&v[1], w) && same(&v[2], w))
        return overruled();
    if (same(&v[0], &v[1]) && same(&v[1], &v[2]))
        return wrong(soft);
    j = outcome(OG_JUDGE_NONDET, OG_PAY_SPLIT, OG_PAY_SPLIT);
    j.half_p = true;
    return j;
}

/* All three spoke. */
static struct og_judgement count_votes(const enum og_vote v[3])
{
    struct og_judgement j;
    int bad = 0, against = 0, not_ok = 0;
    for (int i = 0; i < 3; i++) {
        bad += v[i] == OG_VOTE_BAD;
        against += v[i] == OG_VOTE_BAD || v[i] == OG_VOTE_ABSENT;
        not_ok += v[i] != OG_VOTE_OK;
    }
    if (against == 3)
        return wrong(false);
    if (not_ok >= 2) {
        j = outcome(OG_JUDGE_REJECTED, OG_PAY_LOCK, OG_PAY_LOCK);
        j.lock = OG_LOCK_Q_EACH;
        if (v[0] == OG_VOTE_OK && bad == 2) {
            j.pay[0] = OG_PAY_NONE;
            j.slash_v = 1;
        }
        return j;
    }
    if (v[0] == OG_VOTE_BAD || v[0] == OG_VOTE_ABSENT)
        return overruled();
    j = agreed();
    j.pay[1] = j.pay[2] = OG_PAY_TREASURY;
    return j;
}

struct og_judgement og_judge_vote(const enum og_vote v[3], bool referee, bool final)
{
    if (v[0] == OG_VOTE_NONE)
        return outcome(final ? OG_JUDGE_FALLBACK : OG_JUDGE_PENDING, OG_PAY_NONE, OG_PAY_NONE);
    if (v[0] == OG_VOTE_OK && !referee)
        return agreed();
    if (v[1] == OG_VOTE_NONE || v[2] == OG_VOTE_NONE) {
        if (final && v[0] == OG_VOTE_OK)
            return agreed();
        if (final)
            return outcome(OG_JUDGE_FALLBACK, OG_PAY_RESERVE, OG_PAY_NONE);
        if (v[1] == OG_VOTE_NONE && v[2] == OG_VOTE_NONE)
            return outcome(OG_JUDGE_MORE, OG_PAY_NONE, OG_PAY_NONE);
        return outcome(OG_JUDGE_PENDING, OG_PAY_NONE, OG_PAY_NONE);
    }
    return count_votes(v);
}

struct og_judgement og_judge_cmd(bool second_node, enum og_vote v, bool final)
{
    struct og_judgement j;
    if (v == OG_VOTE_NONE)
        return outcome(final ? OG_JUDGE_FALLBACK : OG_JUDGE_PENDING, OG_PAY_NONE, OG_PAY_NONE);
    if (v == OG_VOTE_OK)
        return agreed();
    j = outcome(second_node ? OG_JUDGE_JOBFAULT : OG_JUDGE_REJECTED, OG_PAY_RESERVE, OG_PAY_NONE);
    j.half_p = second_node;
    return j;
}

bool og_judge_referee(const struct og_hash *seed, uint64_t denominator)
{
    struct og_draw d;
    if (denominator == 0)
        return false;
    og_draw_init(&d, seed, "referee");
    return og_draw_index(&d, denominator) == 0;
}
