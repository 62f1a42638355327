#include "CLineIndex.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* Which of 64 bytes are newlines; the first byte's bit is the lowest. */
INLINE uint64_t newlines_portable(const uint8_t *block) {
  const uint64_t ones = 0x0101010101010101, low = 0x7F * ones;
  uint64_t marks = 0;
  for (int part = 0; part < 64; part += 8) {
    uint64_t word;
    memcpy(&word, block + part, sizeof word);
    word ^= '\n' * ones;
    /* The high bit of a byte is set where it is 0; the product brings them together in its highest byte. */
    uint64_t zeros = ~(((word & low) + low) | word | low);
    marks |= ((zeros >> 7) * 0x0102040810204080 >> 56) << part;
  }
  return marks;
}

INLINE intptr_t line_ends(
    uint64_t (*newlines)(const uint8_t *block), const uint8_t *bytes, intptr_t from, intptr_t count, uint32_t *ends,
    intptr_t limit, intptr_t *scanned) {
  intptr_t found = 0, block = from;
  for (; block <= count - 64 && found < limit; block += 64) {
    uint64_t marks = newlines(bytes + block);
    /* Most blocks have one or none, and which of both is hard to guess. */
    ends[found] = (uint32_t)block + (uint32_t)__builtin_ctzll(marks | (uint64_t)1 << 63);
    found += marks != 0;
    for (marks &= marks - 1; marks != 0; marks &= marks - 1)
      ends[found++] = (uint32_t)block + (uint32_t)__builtin_ctzll(marks);
  }
  for (; block < count && found < limit; block++) {
    ends[found] = (uint32_t)block;
    found += bytes[block] == '\n';
  }
  *scanned = block;
  return found;
}

intptr_t lt_line_ends_portable(
    const uint8_t *bytes, intptr_t from, intptr_t count, uint32_t *ends, intptr_t limit, intptr_t *scanned) {
  return line_ends(newlines_portable, bytes, from, count, ends, limit, scanned);
}

#if defined(__SSE2__)
#include <emmintrin.h>

INLINE uint64_t newlines_sse2(const uint8_t *block) {
  const __m128i newline = _mm_set1_epi8('\n');
  uint64_t marks = 0;
  for (int part = 0; part < 64; part += 16) {
    __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(block + part)), newline);
    marks |= (uint64_t)(uint32_t)_mm_movemask_epi8(equal) << part;
  }
  return marks;
}

intptr_t lt_line_ends(
    const uint8_t *bytes, intptr_t from, intptr_t count, uint32_t *ends, intptr_t limit, intptr_t *scanned) {
  return line_ends(newlines_sse2, bytes, from, count, ends, limit, scanned);
}

#else

intptr_t lt_line_ends(
    const uint8_t *bytes, intptr_t from, intptr_t count, uint32_t *ends, intptr_t limit, intptr_t *scanned) {
  return lt_line_ends_portable(bytes, from, count, ends, limit, scanned);
}

#endif
