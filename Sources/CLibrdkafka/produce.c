#include "lt_produce.h"

rd_kafka_resp_err_t lt_produce(rd_kafka_t *client, const char *topic, int32_t partition, const void *key,
                               size_t key_length, const void *value, size_t length, rd_kafka_headers_t *headers,
                               int64_t timestamp, void *opaque) {
  // The casts only drop const: RD_KAFKA_MSG_F_COPY never writes to them.
  if (headers != NULL)
    return rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                             RD_KAFKA_V_KEY((void *)key, key_length), RD_KAFKA_V_VALUE((void *)value, length),
                             RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
  return rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                           RD_KAFKA_V_KEY((void *)key, key_length), RD_KAFKA_V_VALUE((void *)value, length),
                           RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                           RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}
