#include "lt_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

lt_batch *lt_batch_new(size_t capacity) {
  lt_batch *batch = calloc(1, sizeof(*batch));
  if (batch == NULL)
    return NULL;
  batch->messages = malloc(capacity * sizeof(*batch->messages));
  batch->handles = malloc(capacity * sizeof(*batch->handles));
  batch->capacity = capacity;
  batch->end_offset = LT_NO_OFFSET;
  batch->error_offset = LT_NO_OFFSET;
  if (batch->messages == NULL || batch->handles == NULL) {
    lt_batch_destroy(batch);
    return NULL;
  }
  return batch;
}

void lt_batch_reset(lt_batch *batch) {
  for (size_t i = 0; i < batch->count; i++)
    rd_kafka_message_destroy(batch->handles[i]);
  batch->count = 0;
  batch->taken = 0;
  batch->end_offset = LT_NO_OFFSET;
  batch->error = RD_KAFKA_RESP_ERR_NO_ERROR;
  batch->error_offset = LT_NO_OFFSET;
  batch->error_text[0] = '\0';
}

void lt_batch_destroy(lt_batch *batch) {
  lt_batch_reset(batch);
  free(batch->messages);
  free(batch->handles);
  free(batch);
}

static void note_error(lt_batch *batch, const rd_kafka_message_t *message) {
  if (batch->error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  batch->error = message->err;
  batch->error_offset = message->offset;
  const char *text = rd_kafka_message_errstr(message);
  snprintf(batch->error_text, sizeof(batch->error_text), "%s", text != NULL ? text : "");
}

// Sorts entries `from` to `to` of the handles into records, the end of the
// partition, and errors; handles of records close ranks.
static void sort_entries(lt_batch *batch, size_t from, size_t to) {
  for (size_t i = from; i < to; i++) {
    rd_kafka_message_t *message = batch->handles[i];
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_timestamp_type_t type;
      lt_message *record = &batch->messages[batch->count];
      record->payload = message->payload;
      record->length = message->len;
      record->key = message->key;
      record->key_length = message->key_len;
      record->offset = message->offset;
      record->timestamp = rd_kafka_message_timestamp(message, &type);
      batch->handles[batch->count++] = message;
      batch->end_offset = LT_NO_OFFSET; // an end seen before this record is past
    } else {
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        batch->end_offset = message->offset;
      else
        note_error(batch, message);
      rd_kafka_message_destroy(message);
    }
  }
}

size_t lt_batch_fill(lt_batch *batch, rd_kafka_queue_t *queue, int timeout_ms) {
  lt_batch_reset(batch);
  // With a timeout librdkafka waits for a *full* batch, so waiting is done for
  // one entry only.
  ssize_t got = rd_kafka_consume_batch_queue(queue, 0, batch->handles, batch->capacity);
  if (got <= 0 && timeout_ms != 0)
    got = rd_kafka_consume_batch_queue(queue, timeout_ms, batch->handles, 1);
  if (got <= 0)
    return 0;
  batch->taken = (size_t)got;
  sort_entries(batch, 0, (size_t)got);
  return batch->count;
}

void lt_queue_drain(rd_kafka_queue_t *queue) {
  rd_kafka_message_t *messages[256];
  ssize_t got;
  while ((got = rd_kafka_consume_batch_queue(queue, 0, messages, 256)) > 0)
    for (ssize_t i = 0; i < got; i++)
      rd_kafka_message_destroy(messages[i]);
}
