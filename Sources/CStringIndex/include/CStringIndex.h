#ifndef LIVETALLY_STRING_INDEX_H
#define LIVETALLY_STRING_INDEX_H

#include <stdint.h>
#include <string.h>

/* What Swift has no instruction for: its SIMD types make no mask of bits. */

/* Bytes behind a copy that lt_index_function may write, and how many of them become zeros. */
#define LT_PADDING 64
#define LT_ZEROS 32
/* The text's end stands so often behind the last stop. */
#define LT_LAST_STOPS 8
/* Entries behind a stop for each byte that may be written. */
#define LT_SPARE_STOPS 64

/* Copies a payload and notes where the plain parts of JSON strings end: the offsets of all quotes, backslashes, control
 * characters and bytes that are not ASCII, ascending, and `count` behind them. Returns where that stands.
 *
 * `copy` has room for `count` + LT_PADDING bytes, `stops` for `count` + LT_SPARE_STOPS offsets. */
typedef uint32_t *(*lt_index_function)(uint8_t *copy, const uint8_t *payload, intptr_t count, uint32_t *stops);

/* A function that this processor can run, the fastest at position 0; NULL behind the last one. */
lt_index_function lt_index_at(int position);

#if defined(__SSE2__)
#include <emmintrin.h>

/* How many of 16 bytes stand in front of the first that is no decimal digit. */
static inline intptr_t lt_digits(const void *bytes) {
  __m128i digits = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)bytes), _mm_set1_epi8('0'));
  __m128i within = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
  return __builtin_ctz(~_mm_movemask_epi8(within));
}

/* Whether 16 bytes are those at `expected` once they are masked with the 16 behind them; `expected` is aligned. */
static inline _Bool lt_matches(const void *bytes, const void *expected) {
  const __m128i *pattern = expected;
  __m128i text = _mm_and_si128(_mm_loadu_si128((const __m128i *)bytes), _mm_load_si128(pattern + 1));
  return _mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_load_si128(pattern))) == 0xFFFF;
}

#else

static inline intptr_t lt_digits(const void *bytes) {
  const uint8_t *text = bytes;
  for (intptr_t index = 0; index < 16; index++)
    if ((uint8_t)(text[index] - '0') > 9) return index;
  return 16;
}

static inline _Bool lt_matches(const void *bytes, const void *expected) {
  uint64_t text[2], pattern[4];
  memcpy(text, bytes, sizeof text);
  memcpy(pattern, expected, sizeof pattern);
  return (((text[0] & pattern[2]) ^ pattern[0]) | ((text[1] & pattern[3]) ^ pattern[1])) == 0;
}

#endif

/* The first `count` bytes set, and the 16 bytes behind them not. `count` is 0...16. */
static inline const uint8_t *lt_mask(intptr_t count) {
  static const uint8_t edge[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                   0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  return edge + 16 - count;
}

/* The lower eight of 16 bytes of which all but the first `count` are clear. */
static inline uint64_t lt_low_mask(intptr_t count) {
  uint64_t mask;
  memcpy(&mask, lt_mask(count), sizeof mask);
  return mask;
}

/* The upper eight of them. */
static inline uint64_t lt_high_mask(intptr_t count) {
  uint64_t mask;
  memcpy(&mask, lt_mask(count) + 8, sizeof mask);
  return mask;
}

#endif
