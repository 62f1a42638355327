// rd_kafka_producev is variadic; this is the one form of it that we use.
#ifndef LT_PRODUCE_H
#define LT_PRODUCE_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>
#include <stdint.h>

// Copies key and value. NULL stands for "none" (an empty one has an address and
// length 0). `headers` may be NULL; ownership passes on success only.
// `opaque` comes back with the delivery report. `timestamp` 0 is now, `partition` RD_KAFKA_PARTITION_UA lets the partitioner choose.
rd_kafka_resp_err_t lt_produce(rd_kafka_t *client, const char *topic, int32_t partition, const void *key,
                               size_t key_length, const void *value, size_t length, rd_kafka_headers_t *headers,
                               int64_t timestamp, void *opaque);

#endif
