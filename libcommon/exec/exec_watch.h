/* exec_watch.h - what a running process tree holds: memory, processes, files without a name. */
#ifndef OG_EXEC_WATCH_H
#define OG_EXEC_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct og_watch_use {
    uint64_t mem_bytes;  /* anonymous and shared memory, private tmpfs and memory files */
    uint64_t disk_bytes; /* files on `disk` that have no name any more but are still open */
    uint64_t procs;
    uint64_t user_ms; /* of the processes there and of those they have waited for */
    uint64_t sys_ms;
};

/* Adds up root and all its descendants. exact: proportional shares (slower, walks page tables), so
 * that pages shared by forked children count once. sandboxed: root is the first process of its own
 * namespaces, whose /tmp and /dev/shm are in memory. disk: the device of the scratch folder. Stops
 * counting processes at procs_max + 1. What cannot be read counts as nothing. Without a sandbox
 * root is a guard (exec_guard.h), whose own memory is a copy of ours and does not count. */
void og_watch_tree(pid_t root, bool exact, bool sandboxed, dev_t disk, uint64_t procs_max,
                   struct og_watch_use *out);

/* SIGKILL to every descendant of root that can be found, then to root. */
void og_watch_kill(pid_t root);
/* The same, but root lives. */
void og_watch_kill_below(pid_t root);
/* A signal to every descendant of root, not to root. */
void og_watch_signal(pid_t root, int sig);

#endif
