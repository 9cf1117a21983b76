/* ledger_rule.h - the system contracts Pay, Market and Stake (contracts/): rules as functions of
 * numbers, called with fixed gas from protocol 2 on. Money stays in the ledger's rows, and what a
 * rule says is bounded here. Each has its reference in C, which counts before protocol 2 and where
 * a call fails; both give the same (tests/unit/ledger/test_rule.c, bench/bench_rule.c). */
#ifndef OG_LEDGER_RULE_H
#define OG_LEDGER_RULE_H

#include "ledger/ledger.h"

enum og_system { OG_SYSTEM_PAY, OG_SYSTEM_MARKET, OG_SYSTEM_STAKE, OG_SYSTEM_COUNT };

#define OG_RULE_GAS    100000
#define OG_ALLOT_GAS   400000
#define OG_ALLOT_COLS  256 /* more columns, or more cells in a block: the reference */
#define OG_ALLOT_CELLS 65536

/* 0x…0a00 and on. */
struct og_addr og_system_addr(enum og_system c);
const char *og_system_name(enum og_system c);
/* Rows of the contracts: at the genesis of protocol 2, or by the upgrade to it. */
enum og_rc og_led_install_system(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
/* Makes the contracts of the state ready to be called; nothing before protocol 2. */
enum og_rc og_led_rules_load(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
struct og_rules;
void og_led_rules_free(struct og_rules *r);

/* The rules. Units as in ledger_pay.c and protocol.md sections 1 and 2. */
uint64_t og_rule_units(struct og_ledger *l, uint64_t capacity, uint64_t ms, uint64_t work,
                       uint64_t count);
uint64_t og_rule_pay(struct og_ledger *l, uint64_t rate, uint64_t units, uint64_t lambda,
                     uint64_t amount);
/* Of an accepted lease: `extra` millionths of the pay `due` are levy and urgency. */
struct og_rule_split {
    uint64_t node, treasury, refund;
};
struct og_rule_split og_rule_settle(struct og_ledger *l, uint64_t escrow, uint64_t share,
                                    uint64_t due, uint64_t extra, bool paid);
uint64_t og_rule_price(struct og_ledger *l, uint64_t lambda, uint64_t units, uint64_t capacity,
                       uint64_t ms);
/* The row's column, −1: none; it is taken now. *cells: looked at by the contract so far. */
int32_t og_rule_allot(struct og_ledger *l, size_t m, const int64_t *costs, int64_t wait,
                      uint8_t *taken, size_t *cells);
uint64_t og_rule_weight(struct og_ledger *l, uint64_t capacity, uint64_t reliability, uint64_t bond,
                        bool barred);
uint64_t og_rule_rise(struct og_ledger *l, uint64_t now, uint64_t target, uint64_t all);
uint64_t og_rule_slash(struct og_ledger *l, uint64_t bond, uint64_t grains);
void og_rule_unbond(struct og_ledger *l, uint64_t *at_h, uint64_t *at_ms);

/* One call as the rules make it: whole numbers in and out; false: it failed, or there is no such
 * contract here. */
bool og_rule_call(struct og_ledger *l, enum og_system c, const char *signature, const uint64_t *in,
                  size_t n_in, uint64_t *out, size_t n_out);

/* References. */
uint64_t og_ref_units(uint64_t capacity, uint64_t ms, uint64_t work, uint64_t count);
uint64_t og_ref_pay(uint64_t rate, uint64_t units, uint64_t lambda, uint64_t amount);
struct og_rule_split og_ref_settle(uint64_t escrow, uint64_t share, uint64_t due, uint64_t extra,
                                   bool paid);
uint64_t og_ref_price(uint64_t lambda, uint64_t units, uint64_t capacity, uint64_t ms);
uint64_t og_ref_weight(uint64_t capacity, uint64_t reliability, uint64_t k, uint64_t bond,
                       uint64_t min_bond, bool barred);
uint64_t og_ref_rise(uint64_t now, uint64_t target, uint64_t all);

#endif
