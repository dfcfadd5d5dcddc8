/* The words that text features count. A change changes the schema's hash, and
 * with it which bundles fit. */
#include <stddef.h>

#include "router/feature_text.h"

/* Words that raise or lower how hard a task is likely to be, that name code,
 * that ask for something, and that bind the answer. Lower case. */
static const char *const word_lists[TEXT_LISTS] = {
	[TEXT_HARD] =
		"algorithm asynchronous atomic backward benchmark cache compiler "
		"complexity concurrency concurrent deadlock debug derive dynamic "
		"efficient encryption integral invariant latency legacy migrate "
		"migration multithreaded mutex nested optimal optimize overflow "
		"parallel performance polynomial precision proof prove race recursion "
		"recursive refactor regression security theorem thread undocumented "
		"unicode vulnerability",
	[TEXT_EASY] =
		"capital convert count define hello list lookup name print rename "
		"repeat return short simple simply single spelling sum summarize "
		"synonym translate trivial typo uppercase lowercase",
	[TEXT_CODE] =
		"assert bool char class const def elif else enum except float for "
		"func function if import include int interface lambda namespace new "
		"none null package private public raise return select self static "
		"string struct switch table throw true false try var void where while",
	[TEXT_ASK] =
		"how what when where which who why explain describe compare fix "
		"implement write create add change find",
	[TEXT_LIMIT] =
		"must only never always exactly least most without cannot required "
		"ensure should not",
	[TEXT_ORDER] =
		"after afterwards before finally first follow next once second step "
		"steps then third until",
	[TEXT_RISK] =
		"attorney audit compliance contract credential credentials customer "
		"database delete deploy diagnosis dosage legal medical migration "
		"password patient payment permission privacy production refund "
		"security tax transaction",
	[TEXT_PYTHON] =
		"async await def elif except init kwargs lambda none numpy pandas pip "
		"py pytest python raise self yield",
	[TEXT_SCRIPT] =
		"async await const document export function javascript js jsx let node "
		"npm promise react require ts typeof typescript undefined",
	[TEXT_SYSTEM] =
		"bool cargo char class cout double enum fn func go golang impl include "
		"int interface java malloc mut namespace nullptr override package "
		"pointer private protected public rust sizeof static std string struct "
		"template typedef unsigned void",
	[TEXT_SQL] =
		"alter by column create from group having index inner insert join left "
		"limit order postgresql query select sql table update values varchar "
		"where",
	[TEXT_SHELL] =
		"apt awk bash bin cat cd chmod curl docker echo etc git grep ls make "
		"mkdir sed sh ssh sudo tar usr",
	[TEXT_MARKUP] =
		"body button class color css div font head href html img input li "
		"margin padding px script span style svg td width",
	[TEXT_ENGLISH] =
		"and are for in is it not of on that the this to was with you",
	[TEXT_GERMAN] =
		"auch auf das den der die ein eine ich im ist mit nicht sich und von "
		"wie zu",
	[TEXT_FRENCH] =
		"avec ce dans des du en est et je la le les ne pas pour que qui sur un "
		"une",
	[TEXT_SPANISH] =
		"como con de del el en es la las lo los no para por que se su un una y",
};

const char *text_word_list(int i)
{
	return i >= 0 && i < TEXT_LISTS ? word_lists[i] : NULL;
}
