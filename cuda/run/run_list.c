/* run_list.c - the GPUs of this machine and the compiler for them, as lines "KEY VALUE". */
#include "run.h"
#include "run_cu.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Control characters of a foreign library's texts would break the lines. */
static void say_text(const char *key, const char *s)
{
    printf("%s ", key);
    for (; *s; s++)
        putchar((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
    putchar('\n');
}

static void say_number(const char *key, uint64_t v)
{
    printf("%s %" PRIu64 "\n", key, v);
}

static bool same_uuid(const uint8_t id[16], const char *text)
{
    char own[48];
    int n = snprintf(own, sizeof own, "GPU-");
    for (int i = 0; i < 16; i++)
        n += snprintf(own + n, sizeof own - (size_t)n, "%s%02x",
                      i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
    if (text)
        return strcmp(own, text) == 0;
    say_text("uuid", own);
    return true;
}

/* What NVML knows of the GPU with this UUID. */
static void say_nvml(const struct og_cu_nvml *m, const uint8_t id[16])
{
    unsigned n = 0, a = 0, b = 0, rates[2];
    uint64_t memory[3], bits = 0;
    char uuid[128];
    void *dev = NULL;
    if (m->count(&n) != 0)
        return;
    for (unsigned i = 0; i < n && !dev; i++)
        if (m->handle(i, &dev) != 0 || m->uuid(dev, uuid, sizeof uuid) != 0 || !same_uuid(id, uuid))
            dev = NULL;
    if (!dev)
        return;
    if (m->memory(dev, memory) == 0)
        say_number("mem_used", memory[2]);
    if (m->mig && m->mig(dev, &a, &b) == 0)
        say_number("mig", a != 0);
    int (*why)(void *, uint64_t *) = m->reasons ? m->reasons : m->throttle;
    if (why && why(dev, &bits) == 0)
        say_number("throttle", bits);
    if (m->temperature && m->temperature(dev, 0, &a) == 0)
        say_number("temperature", a);
    if (m->power && m->power(dev, &a) == 0)
        say_number("power_mw", a);
    if (m->utilization && m->utilization(dev, rates) == 0)
        say_number("busy", rates[0]);
    if (m->minor && m->minor(dev, &a) == 0)
        say_number("minor", a);
}

static void say_device(const struct og_cu_driver *cu, const struct og_cu_nvml *ml, int ordinal)
{
    int dev = 0, v = 0;
    size_t bytes = 0;
    char name[256] = "";
    uint8_t id[16] = {0};
    if (cu->device(&dev, ordinal) != 0)
        return;
    say_number("gpu", (uint64_t)ordinal);
    if (cu->name(name, sizeof name, dev) == 0)
        say_text("name", name);
    if (cu->total_mem(&bytes, dev) == 0)
        say_number("mem", bytes);
    static const struct {
        int which;
        const char *key;
    } numbers[] = {{OG_CU_ATTR_CC_MAJOR, "cc_major"},
                   {OG_CU_ATTR_CC_MINOR, "cc_minor"},
                   {OG_CU_ATTR_SMS, "sms"},
                   {OG_CU_ATTR_CLOCK, "clock_khz"},
                   {OG_CU_ATTR_ECC, "ecc"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (cu->attribute(&v, numbers[i].which, dev) == 0 && v >= 0)
            say_number(numbers[i].key, (uint64_t)v);
    int (*uuid)(uint8_t *, int) = cu->uuid_v2 ? cu->uuid_v2 : cu->uuid;
    if (!uuid || uuid(id, dev) != 0)
        return;
    same_uuid(id, NULL);
    if (ml)
        say_nvml(ml, id);
}

static bool open_driver(struct og_cu_driver *cu, int *n, char why[OG_CU_WHY_MAX])
{
    *n = 0;
    if (!og_cu_open_driver(cu, why))
        return false;
    int e = cu->init(0);
    if (e == 0)
        e = cu->count(n);
    if (e == 0 && *n > 0)
        return true;
    if (e == OG_CU_STUB)
        snprintf(why, OG_CU_WHY_MAX, "the driver's library is a stub");
    else if (e == 0 || e == OG_CU_NO_DEVICE)
        snprintf(why, OG_CU_WHY_MAX, "the driver finds no device");
    else
        snprintf(why, OG_CU_WHY_MAX, "the driver does not start (error %d)", e);
    return false;
}

int og_run_list(void)
{
    struct og_cu_driver cu;
    struct og_cu_nvml ml;
    struct og_cu_nvrtc rtc;
    char why[OG_CU_WHY_MAX] = "", text[512] = "";
    int n, major = 0, minor = 0;
    bool driver = open_driver(&cu, &n, why);
    if (!driver)
        say_text("no_gpu", why);
    else if (cu.version(&major) == 0)
        say_number("cuda", (uint64_t)major);
    if (!driver)
        return fflush(stdout) == 0 ? 0 : OG_RUN_EXIT_SYSTEM;
    bool nvml = og_cu_open_nvml(&ml, why) && ml.init() == 0;
    if (!nvml)
        say_text("no_nvml", why[0] ? why : "NVML does not start");
    else if (ml.driver(text, sizeof text) == 0)
        say_text("driver", text);
    why[0] = '\0';
    if (!og_cu_open_nvrtc(NULL, &rtc, text, sizeof text, why))
        say_text("no_nvrtc", why);
    else if (rtc.version(&major, &minor) == 0) {
        printf("nvrtc_version %d.%d\n", major, minor);
        say_text("nvrtc", text);
    }
    for (int i = 0; i < n; i++)
        say_device(&cu, nvml ? &ml : NULL, i);
    return fflush(stdout) == 0 ? 0 : OG_RUN_EXIT_SYSTEM;
}
