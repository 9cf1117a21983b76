/* contract_code.c - code and input from operands and files. */
#include "contract.h"

#include "base/base_io.h"
#include "base/base_mem.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void contract_trace_line(void *ctx, const char *json, size_t n)
{
    (void)ctx;
    fwrite(json, 1, n, stderr);
    fputc('\n', stderr);
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

enum og_rc contract_hex(const char *s, const char *what, struct og_buf *out, struct og_err *err)
{
    while (isspace((unsigned char)*s))
        s++;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
        s += 2;
    size_t n = strlen(s);
    while (n && isspace((unsigned char)s[n - 1]))
        n--;
    if (n % 2)
        return og_err_set(err, OG_E_DATA, "%s: an odd number of hex digits", what);
    og_buf_reserve(out, n / 2 + 1);
    for (size_t i = 0; i < n; i += 2) {
        if (digit(s[i]) < 0 || digit(s[i + 1]) < 0)
            return og_err_set(err, OG_E_DATA, "%s: '%c' at position %zu is no hex digit", what,
                              digit(s[i]) < 0 ? s[i] : s[i + 1], digit(s[i]) < 0 ? i : i + 1);
        og_buf_addc(out, (char)(digit(s[i]) << 4 | digit(s[i + 1])));
    }
    return OG_OK;
}

void contract_release(struct contract_codes *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->v[i].name);
        og_buf_release(&c->v[i].code);
        og_buf_release(&c->v[i].input);
    }
    free(c->v);
    *c = (struct contract_codes){0};
}

static struct contract_code *add(struct contract_codes *c, const char *name)
{
    c->v = og_xgrow(c->v, &c->cap, c->n + 1, sizeof *c->v);
    struct contract_code *k = &c->v[c->n++];
    *k = (struct contract_code){.name = name ? og_xstrdup(name) : NULL};
    return k;
}

static const json_t *code_of(const json_t *o)
{
    const json_t *v = json_object_get(o, "code");
    return v ? v : json_object_get(o, "runtime");
}

static enum og_rc add_json(const json_t *o, const char *name, const char *what,
                           struct contract_codes *out, struct og_err *err)
{
    const char *code = json_string_value(code_of(o));
    const json_t *input = json_object_get(o, "input");
    if (!code || (input && !json_is_string(input)))
        return og_err_set(err, OG_E_DATA, "%s: '%s' has no string 'code'", what, name ? name : "");
    struct contract_code *k = add(out, name);
    OG_TRY(contract_hex(code, what, &k->code, err));
    return input ? contract_hex(json_string_value(input), what, &k->input, err) : OG_OK;
}

static enum og_rc load_json(const struct og_buf *b, const char *what, struct contract_codes *out,
                            struct og_err *err)
{
    json_error_t je;
    json_t *doc = json_loadb(b->p, b->len, JSON_REJECT_DUPLICATES, &je);
    const char *name;
    json_t *v;
    if (!doc)
        return og_err_set(err, OG_E_DATA, "%s:%d: %s", what, je.line, je.text);
    enum og_rc rc = OG_OK;
    if (code_of(doc)) {
        rc = add_json(doc, NULL, what, out, err);
    } else {
        json_object_foreach(doc, name, v) if (rc == OG_OK) rc = add_json(v, name, what, out, err);
        if (rc == OG_OK && !out->n)
            rc = og_err_set(err, OG_E_DATA, "%s: no code in it", what);
    }
    json_decref(doc);
    return rc;
}

static bool is_hex(const char *s)
{
    size_t skip = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 2 : 0;
    return s[strspn(s + skip, "0123456789abcdefABCDEF") + skip] == '\0';
}

enum og_rc contract_load(const char *operand, struct contract_codes *out, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    enum og_rc rc = OG_OK;
    *out = (struct contract_codes){0};
    bool std = strcmp(operand, "-") == 0;
    const char *what = std ? "stdin" : operand;
    if (!std && is_hex(operand) && !og_io_exists(operand)) {
        rc = contract_hex(operand, "CODE", &add(out, NULL)->code, err);
    } else {
        rc = std ? og_io_read_fd(STDIN_FILENO, CONTRACT_FILE_MAX, &b, err)
                 : og_io_read_file(operand, CONTRACT_FILE_MAX, &b, err);
        const char *p = b.p ? b.p + strspn(b.p, " \t\r\n") : "";
        if (rc == OG_OK && *p == '{')
            rc = load_json(&b, what, out, err);
        else if (rc == OG_OK && strlen(p) + (size_t)(p - (b.p ? b.p : p)) != b.len)
            rc = og_err_set(err, OG_E_DATA, "%s: a zero byte is no hex digit", what);
        else if (rc == OG_OK)
            rc = contract_hex(p, what, &add(out, NULL)->code, err);
    }
    og_buf_release(&b);
    if (rc != OG_OK)
        contract_release(out);
    return rc;
}
