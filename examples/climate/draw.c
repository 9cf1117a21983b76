/* draw.c - a map and a curve as SVG. */
#include "climate.h"

#include "base/base_buf.h"

#include <math.h>
#include <stdio.h>

#define HEAD                                                                                       \
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" "                        \
    "font-family=\"sans-serif\" font-size=\"13\">\n"                                               \
    "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"

/* Markup characters of a title are left out. */
static void add_text(struct og_buf *b, double x, double y, const char *s)
{
    og_buf_addf(b, "<text x=\"%g\" y=\"%g\">", x, y);
    for (; *s; s++)
        if (*s != '<' && *s != '&' && *s != '>')
            og_buf_add(b, s, 1);
    og_buf_addf(b, "</text>\n");
}

/* From blue over white to red; at: -1..1. */
static void color(double at, char out[8])
{
    double red = at < 0 ? 1 + at : 1, blue = at < 0 ? 1 : 1 - at, green = 1 - fabs(at) * 0.85;
    snprintf(out, 8, "#%02x%02x%02x", (unsigned)(255 * red + 0.5), (unsigned)(255 * green + 0.5),
             (unsigned)(255 * blue + 0.5));
}

static double reach_of(const float *v, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(v[i]))
            most = fmax(most, fabs((double)v[i]));
    return most > 0 ? most : 1;
}

enum og_rc draw_map(const float *v, size_t rows, size_t columns, const char *title,
                    const char *path, struct og_err *err)
{
    double cell = fmax(1, floor(900.0 / (double)columns)), reach = reach_of(v, rows * columns);
    double w = cell * (double)columns, h = cell * (double)rows;
    struct og_buf b = OG_BUF_INIT;
    char c[8], label[64];
    og_buf_addf(&b, HEAD, w + 20, h + 80);
    add_text(&b, 10, 20, title);
    for (size_t i = 0; i < rows * columns; i++) {
        if (!isfinite(v[i]))
            continue;
        color((double)v[i] / reach, c);
        og_buf_addf(&b, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"%s\"/>\n",
                    10 + cell * (double)(i % columns), 30 + h - cell * (double)(i / columns + 1),
                    cell, cell, c);
    }
    for (int k = -20; k <= 20; k++) {
        color(k / 20.0, c);
        og_buf_addf(&b, "<rect x=\"%d\" y=\"%g\" width=\"8\" height=\"12\" fill=\"%s\"/>\n",
                    10 + (k + 20) * 8, h + 42, c);
    }
    snprintf(label, sizeof label, "%.3g to %.3g", -reach, reach);
    add_text(&b, 350, h + 53, label);
    og_buf_addf(&b, "</svg>\n");
    enum og_rc rc = climate_write(path, b.p, b.len, err);
    og_buf_release(&b);
    return rc;
}

enum og_rc draw_curve(const double *v, size_t n, double first_year, double period,
                      const char *title, const char *path, struct og_err *err)
{
    double lo = INFINITY, hi = -INFINITY, w = 900, h = 400;
    struct og_buf b = OG_BUF_INIT;
    char label[64];
    for (size_t i = 0; i < n; i++)
        if (isfinite(v[i])) {
            lo = fmin(lo, v[i]);
            hi = fmax(hi, v[i]);
        }
    if (!(hi > lo))
        lo -= 1, hi += 1;
    og_buf_addf(&b, HEAD, w + 80, h + 80);
    add_text(&b, 60, 20, title);
    for (int k = 0; k <= 4; k++) {
        double y = 30 + h * (1 - k / 4.0);
        og_buf_addf(&b, "<line x1=\"60\" x2=\"%g\" y1=\"%g\" y2=\"%g\" stroke=\"#ccc\"/>\n", 60 + w,
                    y, y);
        snprintf(label, sizeof label, "%.2f", lo + (hi - lo) * k / 4.0);
        add_text(&b, 8, y + 4, label);
        snprintf(label, sizeof label, "%.0f", first_year + (double)(n - 1) / period * k / 4.0);
        add_text(&b, 45 + w * k / 4.0, h + 55, label);
    }
    og_buf_addf(&b, "<polyline fill=\"none\" stroke=\"#c03020\" stroke-width=\"1.5\" points=\"");
    for (size_t i = 0; i < n; i++)
        if (isfinite(v[i]))
            og_buf_addf(&b, "%.2f,%.2f ", 60 + w * (double)i / (double)(n > 1 ? n - 1 : 1),
                        30 + h * (1 - (v[i] - lo) / (hi - lo)));
    og_buf_addf(&b, "\"/>\n</svg>\n");
    enum og_rc rc = climate_write(path, b.p, b.len, err);
    og_buf_release(&b);
    return rc;
}
