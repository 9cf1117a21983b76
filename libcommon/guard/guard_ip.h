/* guard_ip.h - addresses, prefixes and ranges as 128-bit numbers; IPv4 stands at ::ffff:0:0/96. */
#ifndef OG_GUARD_IP_H
#define OG_GUARD_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct og_ip {
    uint64_t hi, lo;
};

static inline bool og_ip_is4(struct og_ip a)
{
    return a.hi == 0 && a.lo >> 32 == 0xffff;
}
static inline int og_ip_cmp(struct og_ip a, struct og_ip b)
{
    return a.hi != b.hi ? (a.hi > b.hi) - (a.hi < b.hi) : (a.lo > b.lo) - (a.lo < b.lo);
}
static inline struct og_ip og_ip_of4(uint32_t v)
{
    return (struct og_ip){0, (uint64_t)0xffff << 32 | v};
}
struct og_ip og_ip_of16(const uint8_t b[16]);

/* The whole of s[0..n): dotted IPv4 without leading zeros, or IPv6 (RFC 4291). */
bool og_ip_parse(const char *s, size_t n, struct og_ip *out);
/* ADDRESS/LENGTH; *plen counts from the top of 128 bits (IPv4: 96 + LENGTH); bits below it are
 * cleared. Without "/" it is 128. */
bool og_ip_parse_net(const char *s, size_t n, struct og_ip *out, unsigned *plen, bool *has_length);
/* The last address of a prefix. */
struct og_ip og_ip_last(struct og_ip a, unsigned plen);
#define OG_IP_TEXT 46
void og_ip_format(struct og_ip a, char out[OG_IP_TEXT]);

#endif
