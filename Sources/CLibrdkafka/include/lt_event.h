// An eventfd, which Swift's Glibc module does not offer.
#ifndef LT_EVENT_H
#define LT_EVENT_H

#include <stdbool.h>

// A non-blocking eventfd that counts from 0, or -1 with errno set.
int lt_event_open(void);

void lt_event_close(int fd);

// Adds 1; never blocks. Safe from any thread.
void lt_event_signal(int fd);

// Waits until the count is above 0 and takes it. False: `timeout_ms` passed
// (negative: never does).
bool lt_event_wait(int fd, int timeout_ms);

#endif
