/* The shipped price table and match rules, as they are in ledger/prices. */
#include "ledger/price_book.h"

__asm__(".section .rodata\n"
	"price_csv_begin:\n"
	".incbin \"ledger/prices/prices_core_vendorable.csv\"\n"
	"price_csv_end:\n"
	".byte 0\n"
	"price_rules_begin:\n"
	".incbin \"ledger/prices/match_rules.json\"\n"
	"price_rules_end:\n"
	".byte 0\n"
	".previous\n");

extern const char price_csv_begin[], price_csv_end[];
extern const char price_rules_begin[], price_rules_end[];

struct str price_data_csv(void)
{
	return (struct str){price_csv_begin,
			    (size_t)(price_csv_end - price_csv_begin)};
}

struct str price_data_rules(void)
{
	return (struct str){price_rules_begin,
			    (size_t)(price_rules_end - price_rules_begin)};
}
