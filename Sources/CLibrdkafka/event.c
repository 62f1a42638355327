#include "lt_event.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int lt_event_open(void) {
  return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

void lt_event_signal(int fd) {
  uint64_t one = 1;
  // Fails only when the count is at its limit: then a wake-up is due anyway.
  (void)!write(fd, &one, sizeof(one));
}

bool lt_event_wait(int fd, int timeout_ms) {
  struct pollfd entry = {.fd = fd, .events = POLLIN};
  if (poll(&entry, 1, timeout_ms) <= 0)
    return false;
  uint64_t count;
  return read(fd, &count, sizeof(count)) == sizeof(count);
}

void lt_event_close(int fd) {
  close(fd);
}
