/* base_err.h - the one error convention: a code to branch on, a sentence for people. */
#ifndef OG_BASE_ERR_H
#define OG_BASE_ERR_H

/* Values are sysexits numbers, so that main() turns a code into an exit status unchanged. */
enum og_rc {
    OG_OK = 0,
    OG_NO = 1,             /* worked, and the answer is no */
    OG_E_USAGE = 64,       /* wrong options or operands */
    OG_E_DATA = 65,        /* a record is malformed or breaks a rule */
    OG_E_NOINPUT = 66,     /* a named file cannot be opened */
    OG_E_UNAVAILABLE = 69, /* peer, daemon or device not there */
    OG_E_INTERNAL = 70,    /* our bug */
    OG_E_CANTCREATE = 73,  /* output file cannot be made */
    OG_E_IO = 74,          /* read or write failed */
    OG_E_TEMPFAIL = 75,    /* state locked, server busy */
    OG_E_NOPERM = 77,      /* key or state not ours, or readable by others */
    OG_E_CONFIG = 78       /* no state, newer state, bad configuration */
};

#define OG_ERR_MAX 768

struct og_err {
    enum og_rc rc;
    char msg[OG_ERR_MAX];
};

#define OG_MUST_CHECK     __attribute__((warn_unused_result))
#define OG_PRINTF(fmt, a) __attribute__((format(printf, fmt, a)))
#define OG_NORETURN       __attribute__((noreturn))

/* Leaves the function with the code when expr fails; for functions that own nothing yet. */
#define OG_TRY(expr)                                                                               \
    do {                                                                                           \
        enum og_rc try_rc_ = (expr);                                                               \
        if (try_rc_ != OG_OK)                                                                      \
            return try_rc_;                                                                        \
    } while (0)

/* Sets the sentence and returns rc, so that `return og_err_set(...)` reads as one statement.
 * err may be NULL. The sentence has no capital, no full stop; the subject stands in single quotes.
 */
enum og_rc og_err_set(struct og_err *err, enum og_rc rc, const char *fmt, ...) OG_PRINTF(3, 4);

/* Puts "prefix: " before the sentence already in err; returns rc unchanged. */
enum og_rc og_err_wrap(struct og_err *err, enum og_rc rc, const char *fmt, ...) OG_PRINTF(3, 4);

#endif
