#ifndef LIVETALLY_LINE_INDEX_H
#define LIVETALLY_LINE_INDEX_H

#include <stdint.h>

/* Offsets behind the limit that lt_line_ends may write. */
#define LT_SPARE_ENDS 64

/* Notes the offsets of newlines, ascending, from offset `from` up to `count`, until there are `limit` of them or a few
 * more; `ends` has room for `limit` + LT_SPARE_ENDS. Returns how many there are; *scanned becomes the offset behind the
 * last byte that was looked at.
 *
 * A call for each line would begin anew and mispredict its end each time. */
intptr_t lt_line_ends(
    const uint8_t *bytes, intptr_t from, intptr_t count, uint32_t *ends, intptr_t limit, intptr_t *scanned);

/* The same without instructions of a certain processor. */
intptr_t lt_line_ends_portable(
    const uint8_t *bytes, intptr_t from, intptr_t count, uint32_t *ends, intptr_t limit, intptr_t *scanned);

#endif
