/* exec_tree.h - folder trees that a stranger filled: emptied and measured, safe against what is
 * there. */
#ifndef OG_EXEC_TREE_H
#define OG_EXEC_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct og_tree_size {
    uint64_t bytes; /* allocated on disk */
    uint64_t nodes;
};

/* Removes all below the folder fd: any depth, any mode, no link followed. 0, or -1 with errno. */
int og_tree_empty(int fd);
/* Removes the entries of the folder fd that are not among the n names. */
void og_tree_keep_only(int fd, const char *const *names, size_t n);
/* Adds up what is below the folder fd; false as soon as a limit (0: none) is passed, or for a tree
 * deeper than 256 folders. */
bool og_tree_measure(int fd, uint64_t max_bytes, uint64_t max_nodes, struct og_tree_size *out);

#endif
