/* net_serve.h - the ABCI server: connections of one engine over a Unix socket, answered in order by
 * one thread. */
#ifndef OG_NET_SERVE_H
#define OG_NET_SERVE_H

#include "net/net_abci.h"

#include <signal.h>

/* Appends the whole answer (og_abci_frame) to out. A failure is the end: the engine gets an
 * exception with the sentence, and og_abci_serve returns it. */
typedef enum og_rc (*og_abci_fn)(void *ctx, const struct og_abci_req *r, struct og_buf *out,
                                 struct og_err *err);

struct og_abci_serve {
    const char *path; /* of the socket; one that is left over is replaced */
    og_abci_fn fn;
    void *ctx;
    const volatile sig_atomic_t *stop;
    /* Called with how many connections there are now, when that changes; may be NULL. */
    void (*on_peers)(void *ctx, size_t n);
};

/* Listens, answers, until *stop (OG_OK) or a failure. A peer that breaks the protocol loses its
 * connection and nobody else does. */
enum og_rc og_abci_serve(const struct og_abci_serve *s, struct og_err *err) OG_MUST_CHECK;

#endif
