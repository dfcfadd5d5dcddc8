/* Certificates for tests, made on the spot: P-256, self-signed, a day long. */
#ifndef ACO_CERT_H
#define ACO_CERT_H

/* Writes DIR/NAME.crt and DIR/NAME.key, PEM, for the host NAME and 127.0.0.1.
 */
void cert_make(const char *dir, const char *name);

#endif
