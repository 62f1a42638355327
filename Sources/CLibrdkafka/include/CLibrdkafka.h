// The C side of the Kafka module: librdkafka's own headers, and the few calls
// that Swift cannot make well (variadic ones, and the loop over a batch).
#ifndef CLIBRDKAFKA_H
#define CLIBRDKAFKA_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "lt_batch.h"
#include "lt_event.h"
#include "lt_produce.h"

#endif
