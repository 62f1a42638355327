#include "CStringIndex.h"

#include <stddef.h>

#define INLINE static inline __attribute__((always_inline))

/* A block is 64 bytes; of its marks, one for each byte, the first byte's is the lowest bit. */

/* Writes the offsets of a block's stops. More are written than there are, and the next ones go over them: a loop that
 * ended with the last one would be mispredicted each time. Most blocks have at most 16. */
INLINE uint32_t *note(uint32_t *stops, intptr_t block, uint64_t marks) {
  uint32_t *next = stops + __builtin_popcountll(marks);
  do {
    for (int index = 0; index < 16; index++) {
      stops[index] = (uint32_t)block + (marks == 0 ? 64 : (uint32_t)__builtin_ctzll(marks));
      marks &= marks - 1;
    }
    stops += 16;
  } while (stops < next);
  return next;
}

/* Puts the text's end behind the last stop. */
INLINE uint32_t *finish(uint32_t *stops, intptr_t count) {
  for (int index = 0; index < LT_LAST_STOPS; index++) stops[index] = (uint32_t)count;
  return stops;
}

/* `mark` copies a block and returns the marks of its stops. */
INLINE uint32_t *index_with(
    uint64_t (*mark)(uint8_t *copy, const uint8_t *block), uint8_t *copy, const uint8_t *payload, intptr_t count,
    uint32_t *stops) {
  intptr_t block = 0;
  for (; block <= count - 64; block += 64) stops = note(stops, block, mark(copy + block, payload + block));
  if (count >= 64)
    memcpy(copy + count - 64, payload + count - 64, 64);
  else
    memcpy(copy, payload, (size_t)count);
  memset(copy + count, 0, 64);
  uint64_t within = ((uint64_t)1 << (count - block)) - 1;
  return finish(note(stops, block, mark(copy + block, copy + block) & within), count);
}

/* The marks of eight bytes. */
INLINE uint64_t mark_8(uint64_t word) {
  const uint64_t ones = 0x0101010101010101, low = 0x7F * ones;
  uint64_t quotes = word ^ ones * '"', backslashes = word ^ ones * '\\';
  /* The high bit of a byte is set where it is not 0; in the last factor, where it is not below a space. */
  uint64_t plain = (((quotes & low) + low) | quotes) & (((backslashes & low) + low) | backslashes) &
                   ((word & low) + (0x80 - ' ') * ones);
  uint64_t stops = (~plain | word) & 0x80 * ones;
  /* The product brings them together in its highest byte. */
  return (stops >> 7) * 0x0102040810204080 >> 56;
}

INLINE uint64_t mark_portable(uint8_t *copy, const uint8_t *block) {
  uint64_t marks = 0;
  for (int part = 0; part < 64; part += 8) {
    uint64_t word;
    memcpy(&word, block + part, sizeof word);
    memcpy(copy + part, &word, sizeof word);
    marks |= mark_8(word) << part;
  }
  return marks;
}

static uint32_t *index_portable(uint8_t *copy, const uint8_t *payload, intptr_t count, uint32_t *stops) {
  return index_with(mark_portable, copy, payload, count, stops);
}

#if defined(__x86_64__)
#include <immintrin.h>

INLINE uint64_t mark_sse2(uint8_t *copy, const uint8_t *block) {
  uint64_t marks = 0;
  for (int part = 0; part < 64; part += 16) {
    __m128i text = _mm_loadu_si128((const __m128i *)(block + part));
    _mm_storeu_si128((__m128i *)(copy + part), text);
    __m128i quotes = _mm_cmpeq_epi8(text, _mm_set1_epi8('"'));
    __m128i backslashes = _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'));
    /* As signed numbers, bytes above 0x7F are below a space, too. */
    __m128i others = _mm_cmplt_epi8(text, _mm_set1_epi8(' '));
    __m128i stops = _mm_or_si128(_mm_or_si128(quotes, backslashes), others);
    marks |= (uint64_t)(uint32_t)_mm_movemask_epi8(stops) << part;
  }
  return marks;
}

static uint32_t *index_sse2(uint8_t *copy, const uint8_t *payload, intptr_t count, uint32_t *stops) {
  return index_with(mark_sse2, copy, payload, count, stops);
}

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))

AVX2 static inline uint64_t mark_avx2(uint8_t *copy, const uint8_t *block) {
  uint64_t marks = 0;
  for (int part = 0; part < 64; part += 32) {
    __m256i text = _mm256_loadu_si256((const __m256i *)(block + part));
    _mm256_storeu_si256((__m256i *)(copy + part), text);
    __m256i quotes = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('"'));
    __m256i backslashes = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('\\'));
    __m256i others = _mm256_cmpgt_epi8(_mm256_set1_epi8(' '), text);
    __m256i stops = _mm256_or_si256(_mm256_or_si256(quotes, backslashes), others);
    marks |= (uint64_t)(uint32_t)_mm256_movemask_epi8(stops) << part;
  }
  return marks;
}

AVX2 static uint32_t *index_avx2(uint8_t *copy, const uint8_t *payload, intptr_t count, uint32_t *stops) {
  return index_with(mark_avx2, copy, payload, count, stops);
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,bmi2,popcnt")))

static const uint8_t numbers[64] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

/* Writes a quarter of a block's offsets, which are bytes, as they are needed. */
#define NOTE(quarter)                                                                         \
  _mm512_storeu_si512(                                                                        \
      stops + 16 * (quarter),                                                                 \
      _mm512_add_epi32(                                                                       \
          _mm512_set1_epi32((int)block), _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(offsets, quarter))))

/* One instruction puts the offsets of all stops next to each other. */
AVX512 static inline uint32_t *note_avx512(uint32_t *stops, intptr_t block, uint64_t marks) {
  __m512i offsets = _mm512_maskz_compress_epi8(marks, _mm512_loadu_si512(numbers));
  int count = __builtin_popcountll(marks);
  NOTE(0);
  if (count > 16) {
    NOTE(1);
    NOTE(2);
    NOTE(3);
  }
  return stops + count;
}

AVX512 static uint32_t *index_avx512(uint8_t *copy, const uint8_t *payload, intptr_t count, uint32_t *stops) {
  intptr_t block = 0;
  do {
    intptr_t left = count - block;
    uint64_t within = left >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << left) - 1;
    __m512i text = _mm512_maskz_loadu_epi8(within, payload + block);
    _mm512_storeu_si512(copy + block, text);
    uint64_t marks = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('"')) |
                     _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('\\')) |
                     _mm512_cmplt_epi8_mask(text, _mm512_set1_epi8(' '));
    stops = note_avx512(stops, block, marks & within);
    block += 64;
  } while (block < count);
  _mm256_storeu_si256((__m256i *)(copy + count), _mm256_setzero_si256());
  return finish(stops, count);
}

static int best(void) {
  if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bw")) return 0;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") ? 1 : 2;
}

static const lt_index_function all[] = {index_avx512, index_avx2, index_sse2, index_portable};

#else

static int best(void) { return 0; }

static const lt_index_function all[] = {index_portable};

#endif

lt_index_function lt_index_at(int position) {
  int index = best() + position;
  return index < (int)(sizeof all / sizeof all[0]) ? all[index] : NULL;
}
