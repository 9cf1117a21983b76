/* guard_ip.c - IPv4 by our own digits, IPv6 by inet_pton. */
#include "guard/guard_ip.h"

#include "base/base_num.h"

#include <arpa/inet.h>
#include <string.h>

struct og_ip og_ip_of16(const uint8_t b[16])
{
    return (struct og_ip){og_get_be64(b), og_get_be64(b + 8)};
}

static bool parse4(const char *s, size_t n, uint32_t *out)
{
    uint32_t v = 0;
    size_t i = 0;
    for (unsigned part = 0; part < 4; part++) {
        unsigned octet = 0, digits = 0;
        if (part && (i == n || s[i++] != '.'))
            return false;
        for (; i < n && s[i] >= '0' && s[i] <= '9' && digits < 4; i++, digits++)
            octet = octet * 10 + (unsigned)(s[i] - '0');
        if (digits == 0 || digits > 3 || octet > 255 || (digits > 1 && s[i - digits] == '0'))
            return false;
        v = v << 8 | octet;
    }
    *out = v;
    return i == n;
}

bool og_ip_parse(const char *s, size_t n, struct og_ip *out)
{
    uint32_t v4;
    uint8_t b[16];
    char text[OG_IP_TEXT];
    if (parse4(s, n, &v4)) {
        *out = og_ip_of4(v4);
        return true;
    }
    if (n == 0 || n >= sizeof text || !memchr(s, ':', n))
        return false;
    memcpy(text, s, n);
    text[n] = '\0';
    if (inet_pton(AF_INET6, text, b) != 1)
        return false;
    *out = og_ip_of16(b);
    return true;
}

static struct og_ip clear(struct og_ip a, unsigned plen)
{
    if (plen == 0)
        return (struct og_ip){0, 0};
    if (plen <= 64)
        return (struct og_ip){a.hi & ~(plen < 64 ? UINT64_MAX >> plen : 0), 0};
    return (struct og_ip){a.hi, a.lo & ~(plen < 128 ? UINT64_MAX >> (plen - 64) : 0)};
}

struct og_ip og_ip_last(struct og_ip a, unsigned plen)
{
    if (plen == 0)
        return (struct og_ip){UINT64_MAX, UINT64_MAX};
    if (plen <= 64)
        return (struct og_ip){a.hi | (plen < 64 ? UINT64_MAX >> plen : 0), UINT64_MAX};
    return (struct og_ip){a.hi, a.lo | (plen < 128 ? UINT64_MAX >> (plen - 64) : 0)};
}

bool og_ip_parse_net(const char *s, size_t n, struct og_ip *out, unsigned *plen, bool *has_length)
{
    const char *slash = memchr(s, '/', n);
    uint64_t len;
    *plen = 128;
    *has_length = slash != NULL;
    if (!slash)
        return og_ip_parse(s, n, out);
    size_t at = (size_t)(slash - s);
    if (!og_ip_parse(s, at, out))
        return false;
    bool v4 = og_ip_is4(*out) && !memchr(s, ':', at);
    if (!og_parse_u64n(slash + 1, n - at - 1, v4 ? 32 : 128, &len))
        return false;
    *plen = (unsigned)len + (v4 ? 96 : 0);
    *out = clear(*out, *plen);
    return true;
}

void og_ip_format(struct og_ip a, char out[OG_IP_TEXT])
{
    uint8_t b[16];
    og_put_be64(b, a.hi);
    og_put_be64(b + 8, a.lo);
    out[0] = '\0';
    if (og_ip_is4(a))
        inet_ntop(AF_INET, b + 12, out, OG_IP_TEXT);
    else
        inet_ntop(AF_INET6, b, out, OG_IP_TEXT);
}
