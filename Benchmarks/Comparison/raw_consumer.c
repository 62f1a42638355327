/* The raw speed of librdkafka: reads topics from their beginning and drops what comes.
 *
 *     raw_consumer SERVERS RECORDS TOPIC...
 *
 * One thread, one queue, batches, and librdkafka's own settings but for those in RAW_CONSUMER_SETTINGS. Prints the seconds from the first record to
 * the last and the CPU seconds of that time. */

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH = 4096, MAX_PARTITIONS = 1024 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void fail(const char *what) {
  fprintf(stderr, "raw_consumer: %s\n", what);
  exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char error[512];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) fail(error);
}

int main(int count, char **arguments) {
  if (count < 4) fail("usage: raw_consumer SERVERS RECORDS TOPIC...");
  long wanted = atol(arguments[2]);
  char error[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", arguments[1]);
  set(conf, "group.id", "raw-consumer");
  set(conf, "enable.auto.commit", "false");
  set(conf, "auto.offset.reset", "earliest");
  for (const char *setting = getenv("RAW_CONSUMER_SETTINGS"); setting && *setting;) {
    char pair[256];
    size_t length = strcspn(setting, ",");
    if (length >= sizeof pair) fail("a setting is too long");
    memcpy(pair, setting, length);
    pair[length] = 0;
    char *value = strchr(pair, '=');
    if (!value) fail("RAW_CONSUMER_SETTINGS is name=value,name=value");
    *value++ = 0;
    set(conf, pair, value);
    setting += length + (setting[length] == ',');
  }
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
  if (!client) fail(error);
  rd_kafka_poll_set_consumer(client);

  rd_kafka_topic_partition_list_t *partitions = rd_kafka_topic_partition_list_new(MAX_PARTITIONS);
  for (int i = 3; i < count; i++) {
    const rd_kafka_metadata_t *metadata;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, arguments[i], NULL);
    if (rd_kafka_metadata(client, 0, topic, &metadata, 10000)) fail("no metadata");
    for (int j = 0; j < metadata->topics[0].partition_cnt; j++)
      rd_kafka_topic_partition_list_add(partitions, arguments[i], metadata->topics[0].partitions[j].id)->offset =
          RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
  }
  if (rd_kafka_assign(client, partitions)) fail("cannot assign");

  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
  static rd_kafka_message_t *batch[BATCH];
  long records = 0;
  unsigned long bytes = 0;
  double began = 0, cpu_began = 0;
  while (records < wanted) {
    ssize_t got = rd_kafka_consume_batch_queue(queue, 1000, batch, BATCH);
    if (got > 0 && began == 0) began = now(), cpu_began = cpu();
    for (ssize_t i = 0; i < got; i++) {
      if (!batch[i]->err) records++, bytes += batch[i]->len;
      rd_kafka_message_destroy(batch[i]);
    }
  }
  printf("%ld records %lu bytes %.3f s %.3f CPU s\n", records, bytes, now() - began, cpu() - cpu_began);
  fflush(stdout);
  _Exit(0); /* leaving in order takes longer than the measurement */
}
