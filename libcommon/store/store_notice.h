/* store_notice.h - a descriptor that wakes whoever waits for another process to commit. */
#ifndef OG_STORE_NOTICE_H
#define OG_STORE_NOTICE_H

#include "store/store_open.h"

/* Readable soon after a commit of any process (now and then without one); -1 where the system
 * offers no such thing, and one must look from time to time. Owned by the store. */
int og_store_notice_fd(struct og_store *st);
/* Makes it wait again. */
void og_store_notice_clear(struct og_store *st);

#endif
