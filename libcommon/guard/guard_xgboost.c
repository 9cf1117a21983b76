/* guard_xgboost.c - a model of libxgboost in its JSON form as flat trees (og_forest_of_xgboost). */
#include "guard/guard_forest.h"

#include "base/base_mem.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum og_rc bad(const char *what, struct og_err *err)
{
    return og_err_set(err, OG_E_DATA, "the model of libxgboost: %s", what);
}

static const json_t *member(const json_t *o, const char *a, const char *b, const char *c)
{
    o = json_object_get(o, a);
    o = b ? json_object_get(o, b) : o;
    return c ? json_object_get(o, c) : o;
}

struct tree {
    const json_t *left, *right, *feature, *split, *missing, *type;
    size_t n;
};

static bool same_size(const json_t *a, size_t n)
{
    return json_is_array(a) && json_array_size(a) == n;
}

static enum og_rc open_tree(const json_t *o, struct tree *t, struct og_err *err)
{
    t->left = json_object_get(o, "left_children");
    t->right = json_object_get(o, "right_children");
    t->feature = json_object_get(o, "split_indices");
    t->split = json_object_get(o, "split_conditions");
    t->missing = json_object_get(o, "default_left");
    t->type = json_object_get(o, "split_type");
    t->n = json_array_size(t->left);
    if (t->n == 0 || t->n > 0x7fff || !same_size(t->right, t->n) || !same_size(t->feature, t->n) ||
        !same_size(t->split, t->n) || !same_size(t->missing, t->n))
        return bad("a tree without its arrays", err);
    return OG_OK;
}

static bool is_set(const json_t *v)
{
    return json_is_true(v) || json_integer_value(v) != 0;
}

/* Node `from` of t becomes node `to` of the last tree, and what is below it follows. */
static enum og_rc copy_node(const struct tree *t, size_t from, uint32_t to, unsigned depth,
                            size_t width, struct og_forest *f, struct og_err *err)
{
    json_int_t left = json_integer_value(json_array_get(t->left, from));
    json_int_t right = json_integer_value(json_array_get(t->right, from));
    json_int_t feature = json_integer_value(json_array_get(t->feature, from));
    float split = (float)json_number_value(json_array_get(t->split, from));
    size_t root = f->root[f->n_trees - 1];
    if (depth > OG_FOREST_DEPTH_MAX || f->n_nodes - root > 0xfff0 || !isfinite(split))
        return bad("a tree too deep or too large", err);
    f->depth = depth > f->depth ? depth : f->depth;
    if (left < 0) {
        f->leaf[root + to] = split;
        return OG_OK;
    }
    if ((size_t)left >= t->n || right < 0 || (size_t)right >= t->n || feature < 0 ||
        (size_t)feature >= width || is_set(json_array_get(t->type, from)))
        return bad("a split that is none of ours", err);
    uint32_t at = og_forest_leaf(f, 0);
    og_forest_leaf(f, 0);
    bool missing_left = is_set(json_array_get(t->missing, from));
    og_forest_split(f, to, (uint16_t)((unsigned)feature | (missing_left ? OG_FOREST_MISSING : 0)),
                    split, at);
    OG_TRY(copy_node(t, (size_t)left, at, depth + 1, width, f, err));
    return copy_node(t, (size_t)right, at + 1, depth + 1, width, f, err);
}

/* base_score is a probability for logistic, in text: "5E-1". */
static enum og_rc read_base(const json_t *learner, struct og_forest *f, struct og_err *err)
{
    const char *s = json_string_value(member(learner, "learner_model_param", "base_score", NULL));
    const char *objective = json_string_value(member(learner, "objective", "name", NULL));
    char *end;
    if (!s || !objective)
        return bad("no base_score or objective", err);
    float v = strtof(s, &end);
    if (*end || end == s || !isfinite(v))
        return bad("base_score is no number", err);
    if (strcmp(objective, "binary:logistic") == 0 && v > 0 && v < 1)
        f->base = -logf(1.0f / v - 1.0f);
    else if (strcmp(objective, "reg:squarederror") == 0)
        f->base = v;
    else
        return bad("an objective that is not read here", err);
    return OG_OK;
}

static enum og_rc copy_trees(const json_t *doc, size_t width, struct og_forest *f,
                             struct og_err *err)
{
    const json_t *learner = json_object_get(doc, "learner");
    const json_t *trees =
        member(member(learner, "gradient_booster", "model", NULL), "trees", NULL, NULL);
    size_t n = json_array_size(trees);
    if (n == 0 || n > OG_FOREST_TREES_MAX || width == 0)
        return bad("no trees, or too many", err);
    OG_TRY(read_base(learner, f, err));
    for (size_t i = 0; i < n; i++) {
        struct tree t;
        OG_TRY(open_tree(json_array_get(trees, i), &t, err));
        og_forest_tree(f);
        og_forest_leaf(f, 0);
        OG_TRY(copy_node(&t, 0, 0, 0, width, f, err));
        if (f->n_nodes > OG_FOREST_NODES_MAX)
            return bad("too many nodes", err);
    }
    return OG_OK;
}

enum og_rc og_forest_of_xgboost(const char *json, size_t len, size_t width, struct og_forest *out,
                                struct og_err *err)
{
    json_error_t je;
    *out = (struct og_forest){0};
    json_t *doc = json_loadb(json, len, 0, &je);
    if (!doc)
        return og_err_set(err, OG_E_DATA, "the model of libxgboost: %s", je.text);
    enum og_rc rc = copy_trees(doc, width, out, err);
    json_decref(doc);
    if (rc != OG_OK)
        og_forest_release(out);
    return rc;
}
