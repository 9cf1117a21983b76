/* ledger_contract.c - contract.deploy and contract.call: gas in grains, receipts with logs. */
#include "ledger/ledger_evm.h"

#include "base/base_mem.h"
#include "crypto/crypto_merkle.h"
#include "store/store_contract.h"
#include "vm/vm_op.h"
#include "vm/vm_revert.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX   4096 /* bytes of a receipt's output; of more the hash */
#define ANALYSER_MAX 64

/* A contract transaction's body, read. */
struct job {
    uint64_t gas, gas_price;
    uint8_t *data;
    size_t len;
    struct og_contract_row made; /* report and analyser, of a deployment */
    bool create;
};

static enum og_rc read_hex(const json_t *body, const char *key, size_t max, struct job *j,
                           struct og_err *err)
{
    const char *s;
    OG_TRY(og_json_str(body, key, 2 * max, &s, err));
    j->len = strlen(s) / 2;
    j->data = og_xmalloc(j->len + 1);
    if (!og_hex_decode(s, strlen(s), j->data, j->len))
        return OG_REFUSE(err, "'%s' must be whole bytes in lower-case hex", key);
    return OG_OK;
}

static enum og_rc read_gas(struct og_txn *x, struct job *j, struct og_err *err)
{
    const struct og_params *p = &x->l->p;
    OG_TRY(og_json_dec(x->body, "gas", &j->gas, err));
    OG_TRY(og_json_dec(x->body, "gas_price", &j->gas_price, err));
    if (j->gas > og_view_gas_max(p))
        return OG_REFUSE(err, "'gas' is %llu, a transaction may have %llu",
                         (unsigned long long)j->gas, (unsigned long long)og_view_gas_max(p));
    if (j->gas_price < p->gas_price || j->gas_price > OG_GAS_PRICE_MAX)
        return OG_REFUSE(err, "'gas_price' is %llu grains, it must be %llu to %llu",
                         (unsigned long long)j->gas_price, (unsigned long long)p->gas_price,
                         (unsigned long long)OG_GAS_PRICE_MAX);
    return OG_OK;
}

static enum og_rc read_call(struct og_txn *x, struct job *j, struct og_err *err)
{
    static const char *const members[] = {"data", "gas", "gas_price", NULL};
    OG_TRY(og_json_only(x->body, members, err));
    if (!x->tx->has_to)
        return OG_REFUSE(err, "'to' is missing");
    OG_TRY(read_gas(x, j, err));
    return read_hex(x->body, "data", OG_TX_MAX, j, err);
}

static enum og_rc read_deploy(struct og_txn *x, struct job *j, struct og_err *err)
{
    static const char *const members[] = {"analyser", "code", "gas", "gas_price", "report", NULL};
    const char *analyser;
    j->create = true;
    OG_TRY(og_json_only(x->body, members, err));
    if (x->tx->has_to)
        return OG_REFUSE(err, "'to' has no meaning here");
    OG_TRY(read_gas(x, j, err));
    OG_TRY(og_json_str_opt(x->body, "analyser", ANALYSER_MAX, &analyser, err));
    og_row_set_text(&j->made.analyser, analyser);
    if (json_object_get(x->body, "report"))
        OG_TRY(og_json_hex(x->body, "report", j->made.report.b, OG_HASH_LEN, err));
    return read_hex(x->body, "code", OG_VM_INIT_MAX, j, err);
}

static bool opcode_defined(uint8_t op)
{
    return og_vm_ops[op].name != NULL && op != 0xfe;
}

/* The frozen rules for code that a contract.deploy leaves, beyond the machine's own of size
 * (EIP-170, 3860) and first byte (EIP-3541): its first opcode is one of Cancun's, and not INVALID.
 * What is more is the analyser's to say; a better one must not fork a chain. */
static bool code_is_allowed(const struct og_vm_code *c)
{
    return c->size == 0 || opcode_defined(c->bytes[0]);
}

json_t *og_evm_hex(const void *p, size_t n)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_adds(&b, "0x");
    og_buf_add_hex(&b, p, n);
    json_t *v = json_stringn(b.p, b.len);
    og_buf_release(&b);
    return v;
}

json_t *og_evm_addr(const struct og_addr *a)
{
    char text[OG_ADDR_TEXT];
    og_addr_format(a, text);
    return json_string(text);
}

json_t *og_evm_logs_json(const struct og_ledger *l)
{
    size_t n;
    const struct og_vm_log *log = og_vm_logs(l->vm, &n);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *topics = json_array();
        for (unsigned k = 0; k < log[i].n_topics; k++) {
            uint8_t b[32];
            og_u256_store(&log[i].topic[k], b);
            json_array_append_new(topics, og_evm_hex(b, sizeof b));
        }
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o}", "contract", og_evm_addr(&log[i].addr), "data",
                            og_evm_hex(log[i].data, log[i].len), "topics", topics));
    }
    return list;
}

static json_t *receipt_json(struct og_txn *x, const struct job *j, const struct og_vm_receipt *r)
{
    json_t *o = json_pack("{s:o, s:o, s:o, s:I, s:s, s:o, s:s, s:o, s:i}", "from",
                          og_evm_addr(&x->tx->from), "gas_price", og_json_new_dec(j->gas_price),
                          "gas_used", og_json_new_dec(r->gas_used), "height",
                          (json_int_t)x->l->height, "kind", "contract_receipt", "logs",
                          og_evm_logs_json(x->l), "status", og_vm_status_name(r->status), "tx",
                          og_json_new_hex(x->tx->id.b, OG_HASH_LEN), "v", 1);
    if (!j->create)
        json_object_set_new(o, "contract", og_evm_addr(&x->tx->to));
    else if (r->status == OG_VM_OK)
        json_object_set_new(o, "contract", og_evm_addr(&r->created));
    if (j->create && r->status == OG_VM_OK) /* the code stands in its row */
        return o;
    if (r->out_len <= OUTPUT_MAX) {
        json_object_set_new(o, "output", og_evm_hex(r->out, r->out_len));
    } else {
        struct og_hash h = og_sha256(r->out, r->out_len);
        json_object_set_new(o, "output_sha256", og_json_new_hex(h.b, OG_HASH_LEN));
    }
    return o;
}

enum og_rc og_evm_receipt(struct og_ledger *l, json_t *o, uint64_t tx, struct og_err *err)
{
    struct og_buf line = OG_BUF_INIT;
    size_t n_logs;
    uint64_t index;
    const struct og_vm_log *log = og_vm_logs(l->vm, &n_logs);
    enum og_rc rc = og_json_canon(o, &line, err);
    json_decref(o);
    if (rc == OG_OK)
        rc = og_receipt_count(l->st, l->height, &index, err);
    if (rc == OG_OK) {
        uint64_t pos = OG_POS(l->height, index);
        struct og_hash leaf = og_merkle_leaf(line.p, line.len);
        rc = og_contract_receipt_add(l->st, pos, tx, &leaf, line.p, line.len, err);
        for (size_t i = 0; rc == OG_OK && i < n_logs; i++)
            rc = og_vmlog_add(l->st, pos, i, &log[i].addr, err);
    }
    og_buf_release(&line);
    return rc;
}

/* Runs it; what a failure leaves (the gas paid, the sequence number) is written, too. */
static enum og_rc execute(struct og_txn *x, struct job *j, struct og_evm *e,
                          struct og_vm_receipt *r, struct og_err *err)
{
    struct og_ledger *l = x->l;
    const struct og_u256 price = og_evm_wei(j->gas_price);
    const struct og_vm_tx tx = {.from = x->tx->from,
                                .to = x->tx->to,
                                .create = j->create,
                                .nonce = x->tx->seq - 1,
                                .gas_limit = j->gas,
                                .value = og_evm_wei(x->tx->value),
                                .max_fee = price,
                                .max_priority = price,
                                .data = j->data,
                                .data_len = j->len,
                                .code_ok = code_is_allowed};
    og_vm_tx_apply(l->vm, e->st, &e->env, &tx, r);
    if (e->rc != OG_OK)
        return og_err_set(err, e->rc, "%s", e->err.msg);
    if (r->refusal == OG_VM_TX_BACKEND) {
        OG_TRY(og_vm_state_status(e->st, err));
        return og_err_set(err, OG_E_INTERNAL, "the state of contracts cannot be read");
    }
    if (r->refusal != OG_VM_TX_OK)
        return OG_REFUSE(err, "%s", og_vm_refusal_text(r->refusal));
    uint64_t fee = r->gas_used * j->gas_price; /* below 2^30 · 2^30 */
    j->made.addr = r->created;
    e->peer = j->create ? r->created : x->tx->to;
    OG_TRY(og_evm_write(e, fee, (j->gas_price - l->p.gas_price) * OG_WEI_PER_GRAIN, r->gas_used,
                        x->tx->seq, j->create ? &j->made : NULL, err));
    OG_TRY(og_led_add(l, "block_fees", fee, err));
    OG_TRY(og_led_add(l, "block_gas", r->gas_used, err));
    OG_TRY(og_evm_receipt(l, receipt_json(x, j, r), x->pos, err));
    return og_led_net_submitted(x->l, err);
}

static enum og_rc failed(const struct og_vm_receipt *r, struct og_err *err)
{
    struct og_buf why = OG_BUF_INIT;
    og_vm_revert_text(r->out, r->status == OG_VM_REVERT ? r->out_len : 0, &why);
    enum og_rc rc =
        OG_REFUSE(err, "%s%s%s after %llu gas", og_vm_status_name(r->status), why.len ? ": " : "",
                  why.len ? why.p : "", (unsigned long long)r->gas_used);
    og_buf_release(&why);
    return rc;
}

static enum og_rc run_job(struct og_txn *x, struct job *j, struct og_err *err)
{
    struct og_evm e;
    struct og_vm_receipt r;
    OG_TRY(og_evm_open(&e, x->l, &x->tx->from, err));
    enum og_rc rc = execute(x, j, &e, &r, err);
    if (rc == OG_OK && r.status != OG_VM_OK)
        rc = failed(&r, err);
    og_evm_close(&e);
    return rc;
}

static void release(struct job *j)
{
    free(j->data);
    OG_RELEASE(OG_F_VM_CONTRACT, &j->made);
}

/* Both run without a mark: a refusal comes before anything is written, and what a failed run has
 * written is to stay. */
enum og_rc og_tx_contract_call(struct og_txn *x, struct og_err *err)
{
    struct job j = {.create = false};
    enum og_rc rc = read_call(x, &j, err);
    if (rc == OG_OK)
        rc = run_job(x, &j, err);
    release(&j);
    return rc;
}

enum og_rc og_tx_contract_deploy(struct og_txn *x, struct og_err *err)
{
    struct job j = {.create = true};
    enum og_rc rc = read_deploy(x, &j, err);
    if (rc == OG_OK)
        rc = run_job(x, &j, err);
    release(&j);
    return rc;
}

uint64_t og_view_gas_max(const struct og_params *p)
{
    return p->block_gas / 2;
}

enum og_rc og_ledger_gas_full(struct og_ledger *l, bool *full, struct og_err *err)
{
    uint64_t used;
    OG_TRY(og_led_get(l, "block_gas", &used, err));
    *full = used > l->p.block_gas / 2;
    return OG_OK;
}

enum og_rc og_led_gas_left(struct og_ledger *l, const struct og_tx *tx, struct og_err *err)
{
    struct og_err ignored;
    uint64_t gas = 0;
    uint64_t used;
    if (tx->kind != OG_TX_CONTRACT_CALL && tx->kind != OG_TX_CONTRACT_DEPLOY)
        return OG_OK;
    if (og_json_dec(tx->body, "gas", &gas, &ignored) != OG_OK || gas > og_view_gas_max(&l->p))
        return OG_OK; /* refused later, for that */
    OG_TRY(og_led_get(l, "block_gas", &used, err));
    return used + gas <= l->p.block_gas
               ? OG_OK
               : og_err_set(err, OG_E_TEMPFAIL, "the block has %llu gas left, %llu may be used",
                            (unsigned long long)(l->p.block_gas - used), (unsigned long long)gas);
}

enum og_rc og_view_call(struct og_ledger *l, const struct og_view_message *m,
                        struct og_view_answer *out, struct og_err *err)
{
    struct og_evm e;
    struct og_vm_result r;
    *out = (struct og_view_answer){.output = OG_BUF_INIT};
    OG_TRY(og_evm_open(&e, l, NULL, err));
    e.env.origin = m->from;
    e.env.gas_price = e.env.base_fee;
    const struct og_vm_msg msg = {.kind = m->create ? OG_VM_CREATE : OG_VM_CALL,
                                  .from = m->from,
                                  .to = m->to,
                                  .value = og_evm_wei(m->value),
                                  .gas = (int64_t)og_min_u64(m->gas, INT64_MAX),
                                  .input = m->data,
                                  .input_len = m->len};
    struct og_vm_acct *from = og_vm_state_acct(e.st, &m->from);
    enum og_rc rc = OG_OK;
    if (og_u256_lt(&from->balance, &msg.value))
        rc = og_err_set(err, OG_E_DATA, "the sender cannot pay the value");
    if (rc == OG_OK) {
        og_vm_state_begin_tx(e.st);
        og_vm_begin(l->vm, e.st, &e.env);
        og_vm_run(l->vm, &msg, &r);
        rc = e.rc == OG_OK ? og_vm_state_status(e.st, err) : og_err_set(err, e.rc, "%s", e.err.msg);
    }
    if (rc == OG_OK) {
        out->status = r.status;
        out->gas_used = (uint64_t)(msg.gas - r.gas_left);
        og_buf_add(&out->output, r.out, r.out_len);
    }
    og_evm_close(&e);
    return rc;
}

enum og_rc og_view_contract(struct og_ledger *l, const struct og_addr *a, struct og_buf *code,
                            bool *is, struct og_err *err)
{
    struct og_vm_acct_row vm = {.addr = *a};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_VM_ACCT, &vm, &found, err));
    struct og_vm_code_row c = {.hash = vm.code};
    OG_TRY(og_row_get(l->st, OG_F_VM_CODE, &c, is, err));
    if (*is)
        og_buf_add(code, c.code.p, c.code.n);
    OG_RELEASE(OG_F_VM_CODE, &c);
    return OG_OK;
}
