const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const LONGEST_TOKEN = 256;

/** Whether the text can be the name of a header field or a cookie: a token (RFC 9110, section 5.6.2; RFC 6265). */
export function isToken(text: string): boolean {
  return text.length <= LONGEST_TOKEN && TOKEN.test(text);
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/**
 * Whether the text can name a pool, server, class or listener. These stand in `POOL/SERVER`, in addresses of the
 * admin API, in metric labels and in log lines, and need no escaping in any of them.
 */
export function isName(text: string): boolean {
  return NAME.test(text);
}
