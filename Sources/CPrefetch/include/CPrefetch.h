#ifndef LIVETALLY_PREFETCH_H
#define LIVETALLY_PREFETCH_H

/* Asks for the cache line of an address that will be written soon. Any address is allowed. */
static inline void lt_prefetch(const void *address) { __builtin_prefetch(address, 1, 3); }

#endif
