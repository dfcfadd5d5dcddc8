/* A bundle's certificate (train_cert.c says what is in it), for people. */
#ifndef ACO_CERTIFICATE_H
#define ACO_CERTIFICATE_H

#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

/* Appended as plain text. RC_BAD: it is no JSON object. */
enum rc certificate_text(struct str json, struct buf *out,
			 struct err *e) MUST_CHECK;

#endif
