// One fetch of many records from one partition queue, as a flat array.
//
// librdkafka hands out an array of pointers to messages. Walking those from
// Swift costs a call per message; lt_batch_fill walks them here and leaves plain
// memory behind. Payloads and keys are not copied: they point into librdkafka's
// fetch buffers and stay valid until the batch is reset.
#ifndef LT_BATCH_H
#define LT_BATCH_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>
#include <stdint.h>

#define LT_NO_OFFSET (-1)

typedef struct lt_message {
  const void *payload; // NULL: the record has no value (a tombstone)
  size_t length;
  const void *key; // NULL: the record has no key
  size_t key_length;
  int64_t offset;
  int64_t timestamp; // milliseconds since the epoch, -1: none
} lt_message;

typedef struct lt_batch {
  lt_message *messages;          // `count` records, in offset order
  rd_kafka_message_t **handles;  // their owners, index by index
  size_t capacity;
  size_t count;
  size_t taken;                  // queue entries that the last fill took out
  int64_t end_offset;            // read to the end at this offset, or LT_NO_OFFSET
  rd_kafka_resp_err_t error;     // the first error among the entries, or 0
  int64_t error_offset;
  char error_text[256];
} lt_batch;

// NULL when memory is short.
lt_batch *lt_batch_new(size_t capacity);

// Gives the messages back to librdkafka; the batch is then empty.
void lt_batch_reset(lt_batch *batch);

// Resets first when the batch is not empty.
void lt_batch_destroy(lt_batch *batch);

// Resets the batch, then takes up to `capacity` entries out of `queue`. Waits
// at most `timeout_ms` for the first entry and never for further ones.
// Returns the number of records.
size_t lt_batch_fill(lt_batch *batch, rd_kafka_queue_t *queue, int timeout_ms);

// Takes everything out of `queue` and throws it away.
void lt_queue_drain(rd_kafka_queue_t *queue);

#endif
