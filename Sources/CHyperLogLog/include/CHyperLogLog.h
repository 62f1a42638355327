#ifndef LIVETALLY_HYPERLOGLOG_H
#define LIVETALLY_HYPERLOGLOG_H

#include <stdint.h>

/* What Swift has no instruction for: its SIMD types look nothing up in a table. */

/* The registers of a sketch. */
#define LT_REGISTERS 4096
/* The largest value that lt_sum_function adds up: of 4096 numbers with so many binary places a double holds the sum. */
#define LT_LARGEST_SUMMED 40

/* What an estimate needs of the registers. */
typedef struct {
  /* How many are 0. */
  int64_t zeros;
  /* The sum of 2^-value over all registers, those that are 0 included, times 2^LT_LARGEST_SUMMED. */
  int64_t sum;
} lt_register_sum;

/* Adds up LT_REGISTERS registers. Returns whether it could: no value is larger than LT_LARGEST_SUMMED. */
typedef _Bool (*lt_sum_function)(const uint8_t *registers, lt_register_sum *sum);

/* A function that this processor can run; NULL where there is none. */
lt_sum_function lt_best_sum(void);

#endif
