/* fuzz_feed.c - feeds of every format (the first byte chooses; beyond, it is guessed): counts agree
 * with what the sink is given, and the set of it answers for each and reads back the same. */
#include "guard/guard_intel.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
    uint64_t given, removed;
    struct og_intel set;
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void sink(void *ctx, const struct og_indicator *i)
{
    struct tally *t = ctx;
    check(i->type < OG_INTEL_TYPES && i->score >= 0 && i->score <= 1);
    if (i->type <= OG_INTEL_IP_PORT)
        check(og_ip_cmp(i->from, i->to) <= 0);
    else
        check(i->len > 0 && i->len < OG_INTEL_TEXT_MAX);
    if (i->removed)
        t->removed++;
    else
        t->given++;
    og_intel_take(&t->set, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tally t = {0};
    struct og_feed_counts c;
    struct og_err err = {0};
    struct og_buf b = OG_BUF_INIT, twice = OG_BUF_INIT;
    struct og_intel again;
    uint64_t counted = 0;
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    enum og_feed_format f = data[0] - 'a' < OG_FEED_FORMATS && data[0] >= 'a'
                                ? (enum og_feed_format)(data[0] - 'a')
                                : og_feed_guess(text, size - 1);
    og_intel_init(&t.set);
    og_intel_feed(&t.set, "f", 1);
    if (og_feed_parse(f, text, size - 1, 1795374000, sink, &t, &c, &err) == OG_OK) {
        for (unsigned k = 0; k < OG_INTEL_TYPES; k++)
            counted += c.type[k];
        check(counted == t.given && c.deleted == t.removed);
    } else {
        check(err.msg[0] != '\0');
    }
    og_intel_build(&t.set);
    og_intel_encode(&t.set, &b);
    check(og_intel_decode(b.p, b.len, &again, &err) == OG_OK);
    og_intel_encode(&again, &twice);
    check(twice.len == b.len && memcmp(twice.p, b.p, b.len) == 0);
    og_intel_release(&again);
    if (og_intel_decode(data, size, &again, &err) == OG_OK)
        og_intel_release(&again);
    og_intel_release(&t.set);
    og_buf_release(&b);
    og_buf_release(&twice);
    return 0;
}
