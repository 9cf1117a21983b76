/* climate.h - what the files of the climate example share. */
#ifndef EXAMPLES_CLIMATE_H
#define EXAMPLES_CLIMATE_H

#include "base/base_err.h"
#include "base/base_io.h"

#include <stddef.h>

/* A variable over time, latitude and longitude of a NetCDF file (CF conventions). */
struct field {
    int nc, var; /* of libnetcdf */
    char name[257];
    size_t times, rows, columns;
    unsigned period;  /* steps of a year: 1 or 12 */
    int *month;       /* of each step: year * 12 + month, month 0..11 */
    double *latitude; /* degrees of each row */
};

/* field.c. name NULL: the first variable of three dimensions. Close in every case. */
enum og_rc field_open(const char *path, const char *name, struct field *out,
                      struct og_err *err) OG_MUST_CHECK;
void field_close(struct field *f);
/* All values, unpacked, NaN where they are missing; the caller frees. */
enum og_rc field_read(const struct field *f, float **out, struct og_err *err) OG_MUST_CHECK;

/* draw.c. An SVG file each. */
enum og_rc draw_map(const float *v, size_t rows, size_t columns, const char *title,
                    const char *path, struct og_err *err) OG_MUST_CHECK;
enum og_rc draw_curve(const double *v, size_t n, double first_year, double period,
                      const char *title, const char *path, struct og_err *err) OG_MUST_CHECK;

enum og_rc climate_write(const char *path, const void *p, size_t n,
                         struct og_err *err) OG_MUST_CHECK;

#endif
