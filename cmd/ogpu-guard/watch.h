/* watch.h - what watch, note and lift share: the policy in the state, actions as records. */
#ifndef OG_CMD_GUARD_WATCH_H
#define OG_CMD_GUARD_WATCH_H

#include "events.h"
#include "store/store_open.h"

#define WATCH_POLICY "guard.policy"
#define WATCH_CURSOR "guard.cursor"

/* The policy as it stands in the state; p keeps its settings. */
enum og_rc watch_load(struct og_store *st, struct og_policy *p, struct og_err *err) OG_MUST_CHECK;
enum og_rc watch_save(struct og_store *st, const struct og_policy *p,
                      struct og_err *err) OG_MUST_CHECK;
/* The action as a record with its newline, appended to out, and as an event of the state. */
enum og_rc watch_audit(struct og_store *st, const struct og_policy_action *a, struct og_buf *out,
                       struct og_err *err) OG_MUST_CHECK;
void watch_action(const struct og_policy_action *a, struct og_buf *out);

/* watch_out.c. Alerts once: the first of a kind and node, then every tenfold; count is in the
 * record. */
#define WATCH_BUCKETS 4096
struct watch_seen {
    uint64_t key, last_ms, count, next;
};
/* 0: say nothing; else how many there were. */
uint64_t watch_leak(struct watch_seen *table, uint64_t key, uint64_t now_ms);
/* Runs CMD by the shell, the record in OGPU_ALERT, at most 30 seconds. */
void watch_hook(const char *cmd, const char *record, size_t len);

/* watch_evidence.c. The transaction of a double signature, when both headers are in the state. */
enum og_rc watch_evidence(const char *state_dir, const char *key_name, const char *passphrase_file,
                          const struct og_guard_hit *hit, struct og_err *err) OG_MUST_CHECK;

int cmd_watch(int argc, char **argv);
int cmd_note(int argc, char **argv);
int cmd_lift(int argc, char **argv);

#endif
