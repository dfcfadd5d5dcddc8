/* CRC-32C (Castagnoli), by the processor's instruction where it has one. */
#ifndef ACO_CRC32C_H
#define ACO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The sum of what `crc` sums and n more bytes; of nothing it is 0. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);
/* The same by tables alone: for tests, and where there is no instruction. */
uint32_t crc32c_table(uint32_t crc, const void *p, size_t n);

#endif
