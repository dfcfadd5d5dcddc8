/* Text for a terminal. Names, models and agents come from outside and may
 * hold anything: escape sequences, line breaks, overrides of the writing
 * direction, characters that take no column or two. text_clean() makes them
 * harmless; the other functions measure and cut clean text by columns.
 *
 * Widths are those of wcwidth(), which ncurses and terminals share, so the
 * locale must be set before anything is measured. */
#ifndef ACO_TUI_TEXT_H
#define ACO_TUI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/base/buf.h"
#include "ledger/base/str.h"

/* Whether more than ASCII may be shown; false until said. In ASCII mode
 * text_clean() turns every other character into one '?'. */
void text_set_unicode(bool on);
bool text_unicode(void);

/* The character `wide` where it may be shown, else `ascii`. */
const char *text_glyph(const char *wide, const char *ascii);

/* Write `s` to `out` (size >= 1, always ends in NUL), harmless: one line, only
 * printable characters. White space of any kind becomes a blank; control
 * characters and bytes that are not UTF-8 become '?'; marks of direction,
 * joiners, variation selectors and tags vanish; of the combining marks on one
 * character two stay. What does not fit is cut between characters. Returns
 * the number of bytes. An absent string is empty. */
size_t text_clean(struct str s, char *out, size_t size);

/* Columns that clean text takes. */
int text_width(const char *clean);

/* Append clean text cut to `cols` columns; text that was cut ends in an
 * ellipsis. Returns the columns used, 0..cols. */
int text_cut(struct buf *out, const char *clean, int cols);

/* The same for names, which differ at their ends as much as at their
 * beginnings (models, numbered tasks): the ellipsis stands in the middle and
 * both ends can be read. */
int text_cut_middle(struct buf *out, const char *clean, int cols);

enum text_align {
	TEXT_LEFT,
	TEXT_RIGHT,
	TEXT_NAME /* left; cut in the middle */
};
/* Append clean text cut or padded with blanks to exactly `cols` columns. */
void text_pad(struct buf *out, const char *clean, int cols,
	      enum text_align align);

/* Append `n` blanks. */
void text_blanks(struct buf *out, int n);

#endif
