/* What a byte may be part of in an HTTP/1 head. */
#ifndef GATEWAY_HTTP1_H1_CLASS_H
#define GATEWAY_HTTP1_H1_CLASS_H

#include <stdint.h>

#define H1_CLASS_TOKEN 1     /* tchar, RFC 9110 5.6.2 */
#define H1_CLASS_VALUE 2     /* field-vchar, SP, HTAB, RFC 9110 5.5 */
#define H1_CLASS_TARGET 4    /* visible ASCII but "#": wider than RFC 3986, browsers send "|" */
#define H1_CLASS_AUTHORITY 8 /* reg-name, RFC 3986 3.2.2 */

extern const uint8_t h1_class[256];

#endif
