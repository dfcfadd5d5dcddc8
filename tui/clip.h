/* The terminal's clipboard, through the escape sequence OSC 52. */
#ifndef ACO_TUI_CLIP_H
#define ACO_TUI_CLIP_H

#include "ledger/base/buf.h"

/* Append the sequence that puts `text` into the clipboard. */
void clip_sequence(struct buf *out, const char *text);

#endif
