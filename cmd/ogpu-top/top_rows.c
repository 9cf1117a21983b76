/* top_rows.c - which rows a pane shows, and in which order. */
#include "top.h"

#include "base/base_mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const top_pane_titles[TOP_PANES] = {"NODES", "JOBS", "CHAIN", "EVENTS"};

static void push(struct top_rows *r, enum top_what what, size_t at)
{
    r->row = og_xgrow(r->row, &r->cap, r->n + 1, sizeof *r->row);
    r->row[r->n++] = (struct top_row){(uint8_t)what, (uint32_t)at};
}

void top_rows_release(struct top_rows *r)
{
    free(r->row);
    memset(r, 0, sizeof *r);
}

static bool listed(const uint64_t *v, size_t n, uint64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] == id)
            return true;
    return false;
}

bool top_is_tagged(const struct top_rows *r, uint64_t task)
{
    return r->choice && listed(r->choice->tagged, r->choice->n_tagged, task);
}

static const struct og_addr *owner_of(const struct top_rows *r, const struct top_row *row)
{
    const struct top_data *d = r->d;
    switch ((enum top_what)row->what) {
    case TOP_SLOT: return &d->node[d->slot[row->at].node].owner;
    case TOP_TASK: return &d->task[row->at].t.owner;
    case TOP_ACCOUNT: return &d->account[row->at].a.addr;
    case TOP_LEASE:
    case TOP_BLOCK:
    case TOP_VALIDATOR:
    case TOP_ALERT:
    case TOP_EVENT: break;
    }
    return NULL;
}

static const char *state_of(const struct top_rows *r, const struct top_row *row)
{
    const struct top_data *d = r->d;
    if (row->what == TOP_TASK)
        return og_task_state_names[d->task[row->at].t.state];
    if (row->what == TOP_SLOT)
        return d->slot[row->at].lease != TOP_NONE
                   ? og_lease_state_names[d->lease[d->slot[row->at].lease].l.state]
                   : "idle";
    return NULL;
}

static bool has_text(const char *hay, const char *needle, size_t n)
{
    if (n == 0)
        return true;
    for (; *hay; hay++)
        if (strncasecmp(hay, needle, n) == 0)
            return true;
    return false;
}

/* One word of the filter against one row; n: its length. */
static bool word_fits(const struct top_rows *r, size_t at, const char *w, size_t n)
{
    const struct top_row *row = &r->row[at];
    const char *eq = memchr(w, '=', n);
    size_t cols, k = eq ? (size_t)(eq - w) : 0;
    const char *v = eq ? eq + 1 : w;
    size_t vn = n - (size_t)(v - w);
    if (eq && k == 4 && strncmp(w, "user", 4) == 0) {
        const struct og_addr *a = owner_of(r, row);
        char text[OG_ADDR_TEXT];
        if (!a)
            return false;
        og_addr_format(a, text);
        return has_text(text, v, vn);
    }
    if (eq && k == 5 && strncmp(w, "state", 5) == 0) {
        const char *s = state_of(r, row);
        return s && has_text(s, v, vn);
    }
    if (eq && k == 4 && strncmp(w, "node", 4) == 0) {
        char id[24];
        snprintf(id, sizeof id, "%" PRIu64, top_row_node(r, at));
        return strlen(id) == vn && strncmp(id, v, vn) == 0;
    }
    top_cols(r->pane, &cols);
    for (size_t c = 0; c < cols; c++) {
        struct og_tui_cell cell = {.text = ""};
        top_cell(r, at, c, &cell);
        if (has_text(cell.text, w, n))
            return true;
    }
    return false;
}

static bool fits(const struct top_rows *r, size_t at, const struct top_choice *choice)
{
    const struct og_addr *owner = owner_of(r, &r->row[at]);
    if (choice->mine && owner && !top_is_own(r->d, owner))
        return false;
    for (const char *w = choice->filter; *w;) {
        size_t n = strcspn(w, " ");
        if (n > 0 && !word_fits(r, at, w, n))
            return false;
        w += n + strspn(w + n, " ");
    }
    return true;
}

static void gather(struct top_rows *r)
{
    const struct top_data *d = r->d;
    switch (r->pane) {
    case TOP_NODES:
        for (size_t i = 0; i < d->slots; i++)
            push(r, TOP_SLOT, i);
        return;
    case TOP_JOBS:
        for (size_t i = 0; i < d->tasks; i++)
            push(r, TOP_TASK, i);
        return;
    case TOP_CHAIN:
        for (size_t i = 0; i < d->validators; i++)
            push(r, TOP_VALIDATOR, i);
        for (size_t i = 0; i < d->accounts; i++)
            push(r, TOP_ACCOUNT, i);
        for (size_t i = 0; i < d->blocks; i++)
            push(r, TOP_BLOCK, i);
        return;
    case TOP_EVENTS:
        for (size_t i = 0; i < d->alerts; i++)
            push(r, TOP_ALERT, i);
        for (size_t i = 0; i < d->events; i++)
            push(r, TOP_EVENT, i);
        return;
    case TOP_PANES: return;
    }
}

/* Sorting: a copy of the cells' numbers or texts. */
struct sort_key {
    struct top_row row;
    bool number;
    uint64_t n;
    char text[48];
    size_t place; /* of old: ties keep their order */
};

static int by_key(const void *a, const void *b)
{
    const struct sort_key *x = a, *y = b;
    int c = x->number && y->number ? (x->n > y->n) - (x->n < y->n)
                                   : strncasecmp(x->text, y->text, sizeof x->text);
    return c ? c : (x->place > y->place) - (x->place < y->place);
}

static void sort(struct top_rows *r, size_t col, bool reverse)
{
    struct sort_key *k = og_xcalloc(r->n + 1, sizeof *k);
    for (size_t i = 0; i < r->n; i++) {
        struct og_tui_cell cell = {.text = ""};
        top_cell(r, i, col, &cell);
        k[i].row = r->row[i];
        k[i].place = i;
        k[i].n = cell.ppm;
        k[i].number = top_col_is_number(r->pane, col);
        snprintf(k[i].text, sizeof k[i].text, "%.47s", cell.text);
    }
    qsort(k, r->n, sizeof *k, by_key);
    for (size_t i = 0; i < r->n; i++)
        r->row[i] = k[reverse ? r->n - 1 - i : i].row;
    free(k);
}

/* Under each unfolded array its leases. */
static void unfold(struct top_rows *r, const struct top_choice *choice)
{
    struct top_row *flat = r->row;
    size_t n = r->n;
    if (r->pane != TOP_JOBS || choice->n_unfolded == 0)
        return;
    r->row = NULL;
    r->n = r->cap = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t id = r->d->task[flat[i].at].t.id;
        push(r, TOP_TASK, flat[i].at);
        if (!listed(choice->unfolded, choice->n_unfolded, id))
            continue;
        for (size_t k = 0; k < r->d->leases; k++)
            if (r->d->lease[k].l.task == id)
                push(r, TOP_LEASE, k);
    }
    free(flat);
}

void top_rows_make(struct top_rows *r, enum top_pane p, const struct top_data *d,
                   const struct top_choice *choice, size_t sort_col, bool reverse)
{
    size_t kept = 0;
    r->pane = p;
    r->d = d;
    r->choice = choice;
    r->n = 0;
    gather(r);
    r->all = r->n;
    for (size_t i = 0; i < r->n; i++)
        if (fits(r, i, choice))
            r->row[kept++] = r->row[i];
    r->n = kept;
    if (p == TOP_NODES || p == TOP_JOBS)
        sort(r, sort_col, reverse);
    unfold(r, choice);
}

uint64_t top_row_task(const struct top_rows *r, size_t row)
{
    if (row >= r->n)
        return 0;
    uint32_t at = r->row[row].at;
    switch ((enum top_what)r->row[row].what) {
    case TOP_SLOT: at = r->d->slot[at].lease; return at == TOP_NONE ? 0 : r->d->lease[at].l.task;
    case TOP_TASK: return r->d->task[at].t.id;
    case TOP_LEASE: return r->d->lease[at].l.task;
    case TOP_BLOCK:
    case TOP_VALIDATOR:
    case TOP_ACCOUNT:
    case TOP_ALERT:
    case TOP_EVENT: break;
    }
    return 0;
}

uint64_t top_row_node(const struct top_rows *r, size_t row)
{
    if (row >= r->n)
        return 0;
    uint32_t at = r->row[row].at;
    switch ((enum top_what)r->row[row].what) {
    case TOP_SLOT: return r->d->slot[at].slot.node;
    case TOP_TASK: return r->d->task[at].node;
    case TOP_LEASE: return r->d->lease[at].l.node;
    case TOP_VALIDATOR: return r->d->validator[at].node;
    case TOP_BLOCK: return r->d->block[at].roots.proposer;
    case TOP_ACCOUNT:
    case TOP_ALERT:
    case TOP_EVENT: break;
    }
    return 0;
}

uint64_t top_row_lease(const struct top_rows *r, size_t row)
{
    if (row >= r->n)
        return 0;
    uint32_t at = r->row[row].at;
    if (r->row[row].what == TOP_LEASE)
        return r->d->lease[at].l.id;
    if (r->row[row].what == TOP_SLOT)
        return r->d->slot[at].slot.lease;
    if (r->row[row].what != TOP_TASK)
        return 0;
    for (size_t i = 0; i < r->d->leases; i++)
        if (r->d->lease[i].l.task == r->d->task[at].t.id)
            return r->d->lease[i].l.id;
    return 0;
}
