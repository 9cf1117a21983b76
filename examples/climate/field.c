/* field.c - a gridded variable read with libnetcdf: its axes, its time, its missing values. */
#include "climate.h"

#include "base/base_mem.h"

#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MAX ((size_t)1 << 30)

static enum og_rc nc(int status, const char *what, struct og_err *err)
{
    if (status == NC_NOERR)
        return OG_OK;
    return og_err_set(err, OG_E_DATA, "%s: %s", what, nc_strerror(status));
}

static void text_of(int id, int var, const char *name, char *out, size_t size)
{
    size_t n;
    out[0] = '\0';
    if (nc_inq_attlen(id, var, name, &n) != NC_NOERR || n + 1 > size ||
        nc_get_att_text(id, var, name, out) != NC_NOERR)
        return;
    out[n] = '\0';
}

/* Days since 1-1-1 of the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible
 * low-level date algorithms"). */
static long gregorian_days(long y, long m, long d)
{
    y -= m <= 2;
    long era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    long doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy;
}

static int gregorian_month(long days)
{
    long era = (days >= 0 ? days : days - 146096) / 146097, doe = days - era * 146097;
    long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    long doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    long m = mp < 10 ? mp + 3 : mp - 9, y = yoe + era * 400 + (m <= 2);
    return (int)(y * 12 + m - 1);
}

/* Year and month of `days` after y-m-d. */
static int month_of(const char *calendar, long y, long m, long d, double days)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    if (strcmp(calendar, "360_day") == 0) {
        double all = (double)((y * 12 + m - 1) * 30 + d - 1) + days;
        return (int)floor(all / 30);
    }
    if (strcmp(calendar, "noleap") == 0 || strcmp(calendar, "365_day") == 0) {
        double all = (double)(y * 365 + before[m - 1] + d - 1) + days;
        int year = (int)floor(all / 365), in_year = (int)(all - year * 365.0), k = 0;
        while (in_year >= before[k + 1])
            k++;
        return year * 12 + k;
    }
    return gregorian_month(gregorian_days(y, m, d) + (long)floor(days));
}

/* "hours since 1970-01-01 00:00:00" */
static enum og_rc read_time(struct field *f, int dim, struct og_err *err)
{
    char name[NC_MAX_NAME + 1], units[256], calendar[64], unit[32];
    int var;
    long y, m, d;
    OG_TRY(nc(nc_inq_dimname(f->nc, dim, name), "the time axis", err));
    OG_TRY(nc(nc_inq_varid(f->nc, name, &var), name, err));
    text_of(f->nc, var, "units", units, sizeof units);
    text_of(f->nc, var, "calendar", calendar, sizeof calendar);
    if (sscanf(units, "%31s since %ld-%ld-%ld", unit, &y, &m, &d) != 4 || /* allowed: bounded */
        labs(y) > 99999 || m < 1 || m > 12 || d < 1 || d > 31)
        return og_err_set(err, OG_E_DATA, "the units of '%s', '%.100s', are not understood", name,
                          units);
    double day = strncmp(unit, "day", 3) == 0      ? 1
                 : strncmp(unit, "hour", 4) == 0   ? 24
                 : strncmp(unit, "minute", 6) == 0 ? 1440
                 : strncmp(unit, "second", 6) == 0 ? 86400
                                                   : 0;
    if (day == 0)
        return og_err_set(err, OG_E_DATA, "the unit '%s' of '%s' is not understood", unit, name);
    double *v = og_xcalloc(f->times, sizeof *v);
    enum og_rc rc = nc(nc_get_var_double(f->nc, var, v), name, err);
    f->month = og_xcalloc(f->times, sizeof *f->month);
    for (size_t t = 0; rc == OG_OK && t < f->times; t++)
        if (!(fabs(v[t] / day) < 4e7))
            rc = og_err_set(err, OG_E_DATA, "'%s' of step %zu is no time", name, t);
        else
            f->month[t] = month_of(calendar, y, m, d, v[t] / day);
    free(v);
    int step = f->times > 1 && rc == OG_OK ? f->month[1] - f->month[0] : 12;
    for (size_t t = 1; rc == OG_OK && t < f->times; t++)
        if (f->month[t] - f->month[t - 1] != step || (step != 1 && step != 12))
            rc =
                og_err_set(err, OG_E_DATA,
                           "the steps of '%s' are neither months nor years, see step %zu", name, t);
    f->period = step == 1 ? 12 : 1;
    return rc;
}

static enum og_rc find(struct field *f, const char *name, struct og_err *err)
{
    int n, dims;
    if (name)
        return nc(nc_inq_varid(f->nc, name, &f->var), name, err);
    OG_TRY(nc(nc_inq_nvars(f->nc, &n), "variables", err));
    for (f->var = 0; f->var < n; f->var++)
        if (nc_inq_varndims(f->nc, f->var, &dims) == NC_NOERR && dims == 3)
            return OG_OK;
    return og_err_set(err, OG_E_DATA, "no variable over time, latitude and longitude");
}

static enum og_rc read_axes(struct field *f, struct og_err *err)
{
    int dims, dim[NC_MAX_VAR_DIMS], lat;
    char name[NC_MAX_NAME + 1];
    OG_TRY(nc(nc_inq_varname(f->nc, f->var, name), "the variable", err));
    snprintf(f->name, sizeof f->name, "%s", name);
    OG_TRY(nc(nc_inq_varndims(f->nc, f->var, &dims), name, err));
    if (dims != 3)
        return og_err_set(err, OG_E_DATA, "'%s' has %d dimensions instead of 3", name, dims);
    OG_TRY(nc(nc_inq_vardimid(f->nc, f->var, dim), name, err));
    OG_TRY(nc(nc_inq_dimlen(f->nc, dim[0], &f->times), name, err));
    OG_TRY(nc(nc_inq_dimlen(f->nc, dim[1], &f->rows), name, err));
    OG_TRY(nc(nc_inq_dimlen(f->nc, dim[2], &f->columns), name, err));
    if (!f->times || !f->rows || !f->columns || f->rows > CELLS_MAX / f->columns ||
        f->times > CELLS_MAX / (f->rows * f->columns))
        return og_err_set(err, OG_E_DATA, "'%s' is %zu by %zu by %zu: empty or too large", name,
                          f->times, f->rows, f->columns);
    OG_TRY(nc(nc_inq_dimname(f->nc, dim[1], name), "the rows", err));
    OG_TRY(nc(nc_inq_varid(f->nc, name, &lat), name, err));
    f->latitude = og_xcalloc(f->rows, sizeof *f->latitude);
    OG_TRY(nc(nc_get_var_double(f->nc, lat, f->latitude), name, err));
    return read_time(f, dim[0], err);
}

enum og_rc field_open(const char *path, const char *name, struct field *out, struct og_err *err)
{
    *out = (struct field){.nc = -1};
    int status = nc_open(path, NC_NOWRITE, &out->nc);
    if (status != NC_NOERR) {
        out->nc = -1;
        return nc(status, path, err);
    }
    OG_TRY(find(out, name, err));
    return read_axes(out, err);
}

void field_close(struct field *f)
{
    if (f->nc >= 0)
        nc_close(f->nc);
    free(f->month);
    free(f->latitude);
    *f = (struct field){.nc = -1};
}

enum og_rc field_read(const struct field *f, float **out, struct og_err *err)
{
    size_t n = f->times * f->rows * f->columns;
    float fill = NAN, missing = NAN, scale = 1, offset = 0;
    *out = og_xcalloc(n, sizeof **out);
    OG_TRY(nc(nc_get_var_float(f->nc, f->var, *out), f->name, err));
    /* what is not there leaves the value as it is */
    (void)nc_get_att_float(f->nc, f->var, "_FillValue", &fill);
    (void)nc_get_att_float(f->nc, f->var, "missing_value", &missing);
    (void)nc_get_att_float(f->nc, f->var, "scale_factor", &scale);
    (void)nc_get_att_float(f->nc, f->var, "add_offset", &offset);
    for (size_t i = 0; i < n; i++) {
        float v = (*out)[i];
        (*out)[i] = v == fill || v == missing || fabsf(v) > 1e36f ? NAN : v * scale + offset;
    }
    return OG_OK;
}
