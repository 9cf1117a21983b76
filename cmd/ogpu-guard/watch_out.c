/* watch_out.c - alerts once, hooks, the policy in the state. */
#include "watch.h"

#include "base/base_log.h"
#include "base/base_num.h"
#include "store/store_block.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEAK_MS      3600000u /* forgotten after an hour of quiet */
#define HOOK_SECONDS 30

uint64_t watch_leak(struct watch_seen *table, uint64_t key, uint64_t now_ms)
{
    struct watch_seen *s = &table[og_splitmix64(key) % WATCH_BUCKETS];
    if (s->key != key || now_ms > s->last_ms + LEAK_MS)
        *s = (struct watch_seen){.key = key, .next = 1};
    s->last_ms = now_ms;
    if (++s->count < s->next)
        return 0;
    s->next *= 10;
    return s->count;
}

void watch_hook(const char *cmd, const char *record, size_t len)
{
    char *text = strndup(record, len && record[len - 1] == '\n' ? len - 1 : len);
    int status = 0;
    pid_t pid = text ? fork() : -1;
    if (pid == 0) {
        alarm(HOOK_SECONDS); /* stays over the exec */
        setenv("OGPU_ALERT", text, 1);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", cmd, (char *)NULL);
        _exit(127);
    }
    free(text);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        og_log(OG_LOG_WARNING, "the command of --on-alert failed (status %d)", status);
}

enum og_rc watch_load(struct og_store *st, struct og_policy *p, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    bool found;
    og_policy_release(p);
    enum og_rc rc = og_store_meta_get(st, WATCH_POLICY, &b, &found, err);
    if (rc == OG_OK && found)
        rc = og_policy_decode(p, b.p ? b.p : "", b.len, err);
    og_buf_release(&b);
    return rc;
}

enum og_rc watch_save(struct og_store *st, const struct og_policy *p, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    og_policy_encode(p, &b);
    enum og_rc rc = og_store_meta_put(st, WATCH_POLICY, b.p, b.len, err);
    og_buf_release(&b);
    return rc;
}

void watch_action(const struct og_policy_action *a, struct og_buf *out)
{
    og_buf_addf(out, "{\"by\":\"%s\",\"dry\":%s,\"from\":\"%s\",", og_policy_cause_word(a->cause),
                a->dry ? "true" : "false", og_policy_state_word(a->from));
    og_buf_addf(out, "\"held\":\"%s\",\"kind\":\"action\",\"node\":%llu,\"time_ms\":%llu,",
                og_policy_held_word(a->held), (unsigned long long)a->node,
                (unsigned long long)a->now_ms);
    og_buf_addf(out, "\"to\":\"%s\",\"undo\":\"ogpu-guard lift %llu\",\"until_ms\":%llu,\"v\":1}",
                og_policy_state_word(a->to), (unsigned long long)a->node,
                (unsigned long long)a->until_ms);
}

enum og_rc watch_audit(struct og_store *st, const struct og_policy_action *a, struct og_buf *out,
                       struct og_err *err)
{
    size_t at = out->len;
    watch_action(a, out);
    enum og_rc rc = og_event_add(st, 0, a->now_ms, "guard", out->p + at, err);
    og_buf_addc(out, '\n');
    return rc;
}
