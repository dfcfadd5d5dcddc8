/* The SQL of sql/, embedded at build time (sql/embed.awk). Each file
 * sql/queries/NAME.sql is declared as sql_NAME in "gen/sql.h"; this header
 * says what such a thing is. */
#ifndef ACO_SQL_STMT_H
#define ACO_SQL_STMT_H

#include <stdbool.h>
#include <stddef.h>

struct sql_stmt {
	const char *name;   /* the file's name without .sql */
	const char *text;   /* the file, byte for byte; ends in a newline */
	const char *params; /* PostgreSQL types of $1..: "uuid[], bigint" from
			       the comment `-- params:`; "" for none */
	bool run;           /* `-- exec: run`: cannot be PREPAREd (COPY, DDL,
			       transaction control), is executed as it is */
};

/* Every statement, by name; ends with NULL. */
extern const struct sql_stmt *const sql_all[];

struct sql_migration {
	int version;      /* the NNNN of NNNN_name.sql */
	const char *name; /* the rest of the file's name */
	const char *text; /* the file, byte for byte */
};

/* In ascending order; sql_migration_count of them. */
extern const struct sql_migration sql_migrations[];
extern const size_t sql_migration_count;

#endif
