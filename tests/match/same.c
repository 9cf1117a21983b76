/* same.c - prints the digest of the solvers' answers: with vector instructions, and without. */
#include "../unit/match/same.h"

#include <inttypes.h>
#include <stdio.h>

int main(void)
{
    printf("%016" PRIx64 " %016" PRIx64 "\n", same_digest(false), same_digest(true));
    return 0;
}
