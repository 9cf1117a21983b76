/* contract_look.c - contracts from operands, findings as records or as a report. */
#include "contract_look.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_hex(const char *s)
{
    size_t skip = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 2 : 0;
    return s[skip] && s[strspn(s + skip, "0123456789abcdefABCDEF") + skip] == '\0';
}

static enum og_rc load(const char *operand, const struct look *l, struct og_contracts *out,
                       struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    enum og_rc rc;
    *out = (struct og_contracts){0};
    bool std = strcmp(operand, "-") == 0;
    if (!std && is_hex(operand) && !og_io_exists(operand))
        rc = og_contracts_read(operand, strlen(operand), "CODE", out, err);
    else {
        rc = std ? og_io_read_fd(STDIN_FILENO, CONTRACT_FILE_MAX, &b, err)
                 : og_io_read_file(operand, CONTRACT_FILE_MAX, &b, err);
        if (rc == OG_OK)
            rc = og_contracts_read(b.p ? b.p : "", b.len, std ? "stdin" : operand, out, err);
        og_buf_release(&b);
    }
    if (rc == OG_OK && l->creation && out->n == 1 && !out->v[0].creation.len) {
        out->v[0].creation = out->v[0].runtime;
        out->v[0].runtime = (struct og_buf)OG_BUF_INIT;
    }
    return rc;
}

void look_title(const struct og_contract *c, const struct look *l)
{
    printf("%s%s%s\n", l->file, c->name ? ": " : "", c->name ? c->name : "");
}

static void say(const struct og_finding *f)
{
    printf("  %-6s %-28s %s, %s at pc %u\n         %s\n", og_severity_name(f->severity),
           og_flaw_class(f->flaw), og_flaw_swc(f->flaw)[0] ? og_flaw_swc(f->flaw) : "-",
           f->function, f->pc, f->message);
    if (f->witness)
        printf("         witness: %s\n", f->witness);
}

static enum og_rc write_findings(const struct og_findings *f, const struct og_contract *c,
                                 const struct look *l, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < f->n && rc == OG_OK; i++) {
        if (l->human) {
            say(&f->v[i]);
            continue;
        }
        json_t *o = og_finding_json(&f->v[i], c->name);
        json_object_set_new(o, "file", json_string(l->file));
        rc = og_jsonl_write(stdout, o, err);
        json_decref(o);
    }
    if (l->human && !f->n)
        printf("  nothing found\n");
    return rc;
}

enum og_rc look_at_all(int n, char **operands, struct look *l, look_fn fn, void *ctx, bool *found,
                       struct og_err *err)
{
    if (n == 0)
        return og_err_set(err, OG_E_USAGE, "a FILE is missing");
    for (int i = 0; i < n; i++) {
        struct og_contracts all;
        OG_TRY(load(operands[i], l, &all, err));
        enum og_rc rc = OG_OK;
        l->file = strcmp(operands[i], "-") == 0 ? "stdin" : operands[i];
        l->n = all.n;
        for (size_t k = 0; k < all.n && rc == OG_OK; k++) {
            struct og_findings f = {0};
            rc = fn(ctx, &all.v[k], l, &f, err);
            if (rc == OG_OK) {
                *found |= f.n != 0;
                rc = write_findings(&f, &all.v[k], l, err);
            } else if (all.v[k].name) {
                og_err_wrap(err, rc, "'%.64s'", all.v[k].name);
            }
            og_findings_release(&f);
        }
        og_contracts_release(&all);
        if (rc != OG_OK)
            return og_err_wrap(err, rc, "%s", l->file);
    }
    return OG_OK;
}
