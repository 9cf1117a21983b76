/* match_graph.c - the network as it stands or as records tell it: measures, ways, Graphviz. */
#include "match.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "cli/cli_table.h"
#include "match/match_net.h"
#include "store/store_query.h"
#include "json/json_get.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is read before the net is made. */
struct parts {
    struct og_net_node *node;
    size_t nodes, node_cap;
    struct og_graph_link *link;
    size_t links, link_cap;
};

static void release(struct parts *p)
{
    free(p->node);
    free(p->link);
}

static enum og_rc add_node(struct parts *p, uint64_t id, uint64_t c_mflops, struct og_err *err)
{
    if (p->nodes == OG_NET_NODES_MAX)
        return og_err_set(err, OG_E_DATA, "more than %d nodes", OG_NET_NODES_MAX);
    p->node = og_xgrow(p->node, &p->node_cap, p->nodes + 1, sizeof *p->node);
    p->node[p->nodes++] = (struct og_net_node){.id = id, .c_mflops = c_mflops};
    return OG_OK;
}

static enum og_rc add_link(struct parts *p, const struct og_graph_link *l, struct og_err *err)
{
    if (p->links == OG_NET_LINKS_MAX)
        return og_err_set(err, OG_E_DATA, "more than %d links", OG_NET_LINKS_MAX);
    p->link = og_xgrow(p->link, &p->link_cap, p->links + 1, sizeof *p->link);
    p->link[p->links++] = *l;
    return OG_OK;
}

/* ---- from the state: nodes that have not left, what they report of their links */

static enum og_rc read_state_nodes(struct og_store *st, struct parts *p, struct og_err *err)
{
    uint64_t *id = og_xcalloc(OG_NET_NODES_MAX + 1, sizeof *id);
    size_t n = 0;
    enum og_rc rc =
        og_query(st, OG_Q_NODES, (uint64_t[]){0}, 1, id, 1, OG_NET_NODES_MAX + 1, &n, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        struct og_node node = {.id = id[i]};
        rc = og_row_need(st, OG_F_NODE, &node, err);
        if (rc == OG_OK)
            rc = add_node(p, node.id, node.c_eff, err);
        og_row_release(&og_families[OG_F_NODE], &node);
    }
    free(id);
    return rc;
}

static enum og_rc read_state_links(struct og_store *st, struct parts *p, struct og_err *err)
{
    uint64_t *pair = og_xcalloc(2 * (size_t)(OG_NET_LINKS_MAX + 1), sizeof *pair);
    size_t n = 0;
    enum og_rc rc = og_query(st, OG_Q_LINKS, NULL, 0, pair, 2, OG_NET_LINKS_MAX + 1, &n, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        struct og_link l = {.node = pair[2 * i], .peer = pair[2 * i + 1]};
        rc = og_row_need(st, OG_F_LINK, &l, err);
        if (rc == OG_OK)
            rc = add_link(p,
                          &(struct og_graph_link){l.node, l.peer,
                                                  og_min_u64(l.latency_us, OG_NET_VALUE_MAX),
                                                  og_min_u64(l.bytes_per_s, OG_NET_VALUE_MAX)},
                          err);
    }
    free(pair);
    return rc;
}

static enum og_rc read_state(const struct match_opts *opts, struct parts *p, struct og_err *err)
{
    struct og_store *st = NULL;
    char *state = og_cli_state_dir(&opts->common);
    enum og_rc rc = og_store_open(state, OG_STORE_READ, &st, err);
    free(state);
    OG_TRY(rc);
    rc = og_store_begin_read(st, err);
    if (rc == OG_OK) {
        rc = read_state_nodes(st, p, err);
        if (rc == OG_OK)
            rc = read_state_links(st, p, err);
        og_store_end_read(st);
    }
    og_store_close(st);
    return rc;
}

/* ---- from records of kind node and link; others are not looked at */

static enum og_rc take_node(struct parts *p, const json_t *rec, struct og_err *err)
{
    uint64_t id, c;
    const char *state;
    OG_TRY(og_json_u64(rec, "id", OG_NET_VALUE_MAX, &id, err));
    OG_TRY(og_json_u64_or(rec, "capacity_mflops_per_s", OG_NET_VALUE_MAX, 0, &c, err));
    OG_TRY(og_json_u64_or(rec, "c_eff", OG_NET_VALUE_MAX, c, &c, err));
    OG_TRY(og_json_str_opt(rec, "state", 64, &state, err));
    if (state && strcmp(state, og_node_state_names[OG_NODE_LEFT]) == 0)
        return OG_OK;
    return add_node(p, id, c, err);
}

static enum og_rc take_link(struct parts *p, const json_t *rec, struct og_err *err)
{
    struct og_graph_link l;
    OG_TRY(og_json_u64(rec, "node", OG_NET_VALUE_MAX, &l.from, err));
    OG_TRY(og_json_u64(rec, "peer", OG_NET_VALUE_MAX, &l.to, err));
    OG_TRY(og_json_u64(rec, "latency_us", OG_NET_VALUE_MAX, &l.latency_us, err));
    OG_TRY(og_json_u64(rec, "bytes_per_s", OG_NET_VALUE_MAX, &l.bytes_per_s, err));
    if (l.from == 0 || l.to == 0)
        return og_err_set(err, OG_E_DATA, "nodes are numbered from 1");
    return add_link(p, &l, err);
}

static enum og_rc read_records(int fd, const char *name, struct parts *p, struct og_err *err)
{
    struct og_jsonl_in in;
    const char *line;
    size_t len;
    json_t *rec = NULL;
    enum og_rc rc;
    og_jsonl_open(&in, fd, name);
    while ((rc = og_jsonl_next(&in, &line, &len, &rec, err)) == OG_OK && rec) {
        const char *kind = json_string_value(json_object_get(rec, "kind"));
        if (strcmp(kind, "node") == 0)
            rc = take_node(p, rec, err);
        else if (strcmp(kind, "link") == 0)
            rc = take_link(p, rec, err);
        json_decref(rec);
        if (rc != OG_OK) {
            rc = og_err_wrap(err, rc, "%s:%lu", name, in.line_no);
            break;
        }
    }
    og_jsonl_release(&in);
    return rc;
}

static int id_cmp(const void *a, const void *b)
{
    const struct og_net_node *p = a, *q = b;
    return p->id < q->id ? -1 : p->id > q->id;
}

/* Nodes that only links name have no known capacity. */
static enum og_rc add_named(struct parts *p, struct og_err *err)
{
    size_t known = p->nodes;
    if (known > 0)
        qsort(p->node, known, sizeof *p->node, id_cmp);
    struct og_net_node *all = og_xcalloc(2 * p->links + 1, sizeof *all);
    size_t n = 0;
    for (size_t k = 0; k < 2 * p->links; k++) {
        struct og_net_node key = {.id = k % 2 ? p->link[k / 2].to : p->link[k / 2].from};
        if (known == 0 || !bsearch(&key, p->node, known, sizeof key, id_cmp))
            all[n++] = key;
    }
    if (n > 0)
        qsort(all, n, sizeof *all, id_cmp);
    enum og_rc rc = OG_OK;
    for (size_t k = 0; rc == OG_OK && k < n; k++)
        if (k == 0 || all[k].id != all[k - 1].id)
            rc = add_node(p, all[k].id, 0, err);
    free(all);
    return rc;
}

static enum og_rc read_file(const char *file, struct parts *p, struct og_err *err)
{
    bool is_stdin = strcmp(file, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", file, strerror(errno));
    enum og_rc rc = read_records(fd, is_stdin ? "stdin" : file, p, err);
    if (!is_stdin)
        close(fd);
    return rc == OG_OK ? add_named(p, err) : rc;
}

static enum og_rc load(const struct match_opts *opts, const char *file, struct og_net **net,
                       struct og_err *err)
{
    struct parts p = {0};
    *net = NULL;
    enum og_rc rc = file ? read_file(file, &p, err) : read_state(opts, &p, err);
    if (rc == OG_OK)
        rc = og_net_new(p.node, p.nodes, p.link, p.links, file == NULL, net, err);
    release(&p);
    return rc;
}

/* ---- the measures */

static json_t *num(uint64_t v)
{
    return json_integer((json_int_t)og_min_u64(v, OG_NET_VALUE_MAX));
}

static json_t *ids_if(const struct og_net *net, const bool *flag, size_t part)
{
    json_t *a = json_array();
    for (size_t i = 0; i < net->n; i++)
        if (net->node[i].component == part && (flag == NULL || flag[i]))
            json_array_append_new(a, num(net->node[i].id));
    return a;
}

static json_t *pair(const struct og_net *net, size_t a, size_t b)
{
    json_t *o = json_array();
    json_array_append_new(o, num(net->node[a].id));
    json_array_append_new(o, num(net->node[b].id));
    return o;
}

static json_t *part_json(const struct og_net *net, size_t p)
{
    const struct og_net_part *part = &net->part[p];
    uint64_t c = 0;
    json_t *o = json_object();
    for (size_t i = 0; i < net->n; i++)
        if (net->node[i].component == p && !og_add_u64(c, net->node[i].c_mflops, &c))
            c = UINT64_MAX;
    json_object_set_new(o, "nodes", ids_if(net, NULL, p));
    json_object_set_new(o, "c_mflops", og_json_new_dec(c));
    json_object_set_new(o, "diameter_us", num(part->diameter_us));
    json_object_set_new(o, "ends", pair(net, part->from, part->to));
    json_object_set_new(o, "cut_bytes_per_s", num(part->cut_bytes));
    json_object_set_new(o, "cut_nodes", ids_if(net, net->cut_side, p));
    json_t *cut = json_array();
    for (size_t e = 0; e < net->edges; e++)
        if (net->node[net->edge[e].a].component == p &&
            net->cut_side[net->edge[e].a] != net->cut_side[net->edge[e].b])
            json_array_append_new(cut, pair(net, net->edge[e].a, net->edge[e].b));
    json_object_set_new(o, "cut_links", cut);
    return o;
}

static json_t *graph_json(const struct og_net *net)
{
    json_t *o = json_object(), *parts = json_array(), *nodes = json_array(), *links = json_array();
    uint64_t diameter = 0;
    for (size_t p = 0; p < net->parts; p++) {
        json_array_append_new(parts, part_json(net, p));
        diameter = og_max_u64(diameter, net->part[p].diameter_us);
    }
    for (size_t i = 0; i < net->n; i++)
        if (net->node[i].articulation)
            json_array_append_new(nodes, num(net->node[i].id));
    for (size_t e = 0; e < net->edges; e++)
        if (net->edge[e].bridge)
            json_array_append_new(links, pair(net, net->edge[e].a, net->edge[e].b));
    json_object_set_new(o, "kind", json_string("graph"));
    json_object_set_new(o, "v", json_integer(1));
    json_object_set_new(o, "nodes", num(net->n));
    json_object_set_new(o, "links", num(net->edges));
    json_object_set_new(o, "c_net_mflops", og_json_new_dec(net->c_net_mflops));
    json_object_set_new(o, "diameter_us", num(diameter));
    json_object_set_new(o, "components", parts);
    json_object_set_new(o, "articulation_nodes", nodes);
    json_object_set_new(o, "bridges", links);
    return o;
}

static void join_ids(const json_t *a, const char *gap, struct og_buf *b)
{
    size_t i;
    const json_t *v;
    json_array_foreach(a, i, v)
    {
        og_buf_adds(b, i ? gap : "");
        if (json_is_array(v))
            join_ids(v, "-", b);
        else
            og_buf_addf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    }
}

static void print_ids(const char *what, const json_t *a)
{
    struct og_buf b = OG_BUF_INIT;
    join_ids(a, ", ", &b);
    printf("%s: %s\n", what, b.len ? b.p : "none");
    og_buf_release(&b);
}

static void print_graph(const struct og_net *net, const json_t *o)
{
    size_t i;
    const json_t *p;
    printf("%zu nodes, %zu links, C_net %s MFLOP/s\n", net->n, net->edges,
           json_string_value(json_object_get(o, "c_net_mflops")));
    json_array_foreach(json_object_get(o, "components"), i, p)
    {
        printf("component %zu: %zu nodes, %s MFLOP/s, diameter %" PRIu64 " us (%" PRIu64
               " to %" PRIu64 ")\n",
               i + 1, net->part[i].nodes, json_string_value(json_object_get(p, "c_mflops")),
               net->part[i].diameter_us, net->node[net->part[i].from].id,
               net->node[net->part[i].to].id);
        print_ids("  nodes", json_object_get(p, "nodes"));
        if (net->part[i].nodes < 2)
            continue;
        printf("  least cut: %" PRIu64 " bytes/s\n",
               og_min_u64(net->part[i].cut_bytes, OG_NET_VALUE_MAX));
        print_ids("    parts off", json_object_get(p, "cut_nodes"));
        print_ids("    over", json_object_get(p, "cut_links"));
    }
    print_ids("articulation nodes", json_object_get(o, "articulation_nodes"));
    print_ids("bridges", json_object_get(o, "bridges"));
}

/* Articulation nodes are doubled circles, bridges bold, links of a least cut red. */
static void print_dot(const struct og_net *net)
{
    printf("graph ogpu {\n  node [shape=circle];\n");
    for (size_t i = 0; i < net->n; i++)
        printf("  %" PRIu64 " [label=\"%" PRIu64 "\\n%" PRIu64 " MFLOP/s\"%s];\n", net->node[i].id,
               net->node[i].id, net->node[i].c_mflops,
               net->node[i].articulation ? ", shape=doublecircle" : "");
    for (size_t e = 0; e < net->edges; e++) {
        const struct og_net_edge *d = &net->edge[e];
        char width[32];
        og_fmt_bytes(d->bytes_per_s, width, sizeof width);
        printf("  %" PRIu64 " -- %" PRIu64 " [label=\"%" PRIu64 " us\\n%s/s\"%s%s];\n",
               net->node[d->a].id, net->node[d->b].id, d->latency_us, width,
               d->bridge ? ", style=bold" : "",
               net->cut_side[d->a] != net->cut_side[d->b] ? ", color=red" : "");
    }
    printf("}\n");
}

enum og_rc match_graph(const struct match_opts *opts, struct og_err *err)
{
    struct og_net *net;
    if (opts->files > 1)
        return og_err_set(err, OG_E_USAGE, "unexpected operand '%.64s'", opts->file[1]);
    OG_TRY(load(opts, opts->files ? opts->file[0] : NULL, &net, err));
    enum og_rc rc = OG_OK;
    og_net_measure(net);
    json_t *o = graph_json(net);
    if (opts->dot)
        print_dot(net);
    else if (opts->common.human)
        print_graph(net, o);
    else
        rc = og_jsonl_write(stdout, o, err);
    json_decref(o);
    og_net_free(net);
    return rc;
}

/* ---- the best way */

static json_t *way_json(uint64_t from, uint64_t to, const struct og_net_way *way)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string("path"));
    json_object_set_new(o, "v", json_integer(1));
    json_object_set_new(o, "from", num(from));
    json_object_set_new(o, "to", num(to));
    json_object_set_new(o, "found", json_boolean(way->found));
    if (!way->found)
        return o;
    json_t *nodes = json_array();
    for (size_t i = 0; i <= way->hops; i++)
        json_array_append_new(nodes, num(way->id[i]));
    json_object_set_new(o, "nodes", nodes);
    json_object_set_new(o, "hops", num(way->hops));
    json_object_set_new(o, "latency_us", num(way->latency_us));
    if (way->hops > 0)
        json_object_set_new(o, "bytes_per_s", num(way->bytes_per_s));
    return o;
}

static void print_way(uint64_t from, uint64_t to, const struct og_net_way *way)
{
    if (!way->found) {
        printf("no links lead from %" PRIu64 " to %" PRIu64 "\n", from, to);
        return;
    }
    for (size_t i = 0; i <= way->hops; i++)
        printf("%s%" PRIu64, i ? " - " : "", way->id[i]);
    printf(": %" PRIu64 " us", way->latency_us);
    if (way->hops > 0)
        printf(", %" PRIu64 " bytes/s", way->bytes_per_s);
    printf(", %zu hop%s\n", way->hops, way->hops == 1 ? "" : "s");
}

/* --path FROM TO [FILE] */
enum og_rc match_path(const struct match_opts *opts, struct og_err *err)
{
    struct og_net *net;
    struct og_net_way way = {0};
    uint64_t to;
    if (opts->files < 1)
        return og_err_set(err, OG_E_USAGE, "--path needs two nodes: --path FROM TO");
    if (!og_parse_u64(opts->file[0], OG_NET_VALUE_MAX, &to) || to == 0)
        return og_err_set(err, OG_E_USAGE, "'%.64s' is not the number of a node", opts->file[0]);
    if (opts->files > 2)
        return og_err_set(err, OG_E_USAGE, "unexpected operand '%.64s'", opts->file[2]);
    OG_TRY(load(opts, opts->files == 2 ? opts->file[1] : NULL, &net, err));
    enum og_rc rc = og_net_path(net, opts->path, to, &way, err);
    if (rc == OG_OK && opts->common.human)
        print_way(opts->path, to, &way);
    else if (rc == OG_OK) {
        json_t *o = way_json(opts->path, to, &way);
        rc = og_jsonl_write(stdout, o, err);
        json_decref(o);
    }
    if (rc == OG_OK && !way.found)
        rc = OG_NO;
    free(way.id);
    og_net_free(net);
    return rc;
}
