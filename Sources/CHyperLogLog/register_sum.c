/* `registers` points to LT_REGISTERS bytes, whatever they are. */

#include "CHyperLogLog.h"

#include <stddef.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* A table holds the weights of sixteen values as bytes, of which eight are not 0: one instruction looks 32 of them up,
 * another adds neighbours up. */
#define VALUES 16

_Static_assert(LT_REGISTERS / 32 <= 255, "a byte counts the zeros of each lane");

AVX2 static inline __m256i table(int first) {
  uint8_t weights[2 * VALUES] = {0};
  for (int index = 0; index < 8; index++)
    weights[first + index] = weights[VALUES + first + index] = (uint8_t)(0x80 >> index);
  return _mm256_loadu_si256((const __m256i *)weights);
}

AVX2 static inline int64_t total(__m256i sums) {
  return _mm256_extract_epi64(sums, 0) + _mm256_extract_epi64(sums, 1) + _mm256_extract_epi64(sums, 2) +
         _mm256_extract_epi64(sums, 3);
}

/* What is added up of sixteen values from `first` on: those of the lower half and those of the upper. */
typedef struct {
  __m256i low, high;
} sums;

AVX2 static inline void add(sums *sums, __m256i values, int first, __m256i low, __m256i high) {
  /* Others than the sixteen get their highest bit set, and so are looked up as 0. */
  __m256i index = _mm256_adds_epu8(_mm256_sub_epi8(values, _mm256_set1_epi8((char)first)), _mm256_set1_epi8(0x70));
  __m256i zero = _mm256_setzero_si256();
  sums->low = _mm256_add_epi64(sums->low, _mm256_sad_epu8(_mm256_shuffle_epi8(low, index), zero));
  sums->high = _mm256_add_epi64(sums->high, _mm256_sad_epu8(_mm256_shuffle_epi8(high, index), zero));
}

/* The weights in binary places of LT_LARGEST_SUMMED. Those of larger values are below one unit, and there are none. */
AVX2 static inline int64_t weigh(sums sums, int first) {
  int places = LT_LARGEST_SUMMED - first - 15;
  int64_t sum = (total(sums.low) << 8) + total(sums.high);
  return places >= 0 ? sum << places : sum >> -places;
}

AVX2 static inline int largest_of(__m256i values) {
  __m128i half = _mm_max_epu8(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
  /* Each time half of what is left is laid over the other half. */
  half = _mm_max_epu8(half, _mm_srli_si128(half, 8));
  half = _mm_max_epu8(half, _mm_srli_si128(half, 4));
  half = _mm_max_epu8(half, _mm_srli_si128(half, 2));
  half = _mm_max_epu8(half, _mm_srli_si128(half, 1));
  return _mm_extract_epi8(half, 0);
}

AVX2 static _Bool sum_avx2(const uint8_t *registers, lt_register_sum *sum) {
  __m256i zero = _mm256_setzero_si256(), low = table(0), high = table(8);
  __m256i zeros = zero, largest = zero;
  sums first = {zero, zero};
  for (int at = 0; at < LT_REGISTERS; at += 32) {
    __m256i values = _mm256_loadu_si256((const __m256i *)(registers + at));
    /* At most 128 in each byte. */
    zeros = _mm256_sub_epi8(zeros, _mm256_cmpeq_epi8(values, zero));
    largest = _mm256_max_epu8(largest, values);
    add(&first, values, 0, low, high);
  }
  int top = largest_of(largest);
  if (top > LT_LARGEST_SUMMED) return 0;
  sum->zeros = total(_mm256_sad_epu8(zeros, zero));
  sum->sum = weigh(first, 0);
  /* Larger values are rare below a million members. */
  for (int from = VALUES; from <= top; from += VALUES) {
    sums more = {zero, zero};
    for (int at = 0; at < LT_REGISTERS; at += 32)
      add(&more, _mm256_loadu_si256((const __m256i *)(registers + at)), from, low, high);
    sum->sum += weigh(more, from);
  }
  return 1;
}

lt_sum_function lt_best_sum(void) { return __builtin_cpu_supports("avx2") ? sum_avx2 : NULL; }

#else

lt_sum_function lt_best_sum(void) { return NULL; }

#endif
