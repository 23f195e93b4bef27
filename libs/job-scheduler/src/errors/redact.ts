/** Stores and brokers: of their URLs nothing is shown. */
const STORES = /^(?:rediss?|postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|amqps?|sqlserver)$/i;
const SCHEME_AT_END = /[a-z][a-z\d+]{0,19}$/i;
/** What begins so has a host, and no credentials. */
const PLAIN_HOST = /^(?:\[[\da-f:.]{0,45}\]|[^\s/?#@:"'`<>[\]]{0,253})(?::\d{0,5})?(?=[/?#\s"'`<>)\],;.]|$)/i;
/** What ends a URL in a sentence or in quotes. */
const AFTER_URL = /[\s"'`<>]/g;
/** How far a password may reach that has such characters in it. */
const WINDOW = 300;

/** `password=…`, `REDIS_PASSWORD=…`, `"password":"…"`, `password: '…'`. */
const NAMED =
  /(?<=(?:password|passwd|pwd)["']?(?:=|: ?(?=["'])))(?:"[^"\n]{0,300}"?|'[^'\n]{0,300}'?|[^\s"'&,;]{1,300})/gi;

/** A text without connection strings, without the credentials of other URLs, and without what is named a password. */
export function redact(text: string): string {
  let redacted = '';
  let from = 0;
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', Math.max(from, at + 3))) {
    const scheme = SCHEME_AT_END.exec(text.slice(Math.max(from, at - 20), at))?.[0];
    const start = at + 3;
    const end =
      scheme === undefined ? start : STORES.test(scheme) ? endOfUrl(text, start) : endOfCredentials(text, start);
    if (end === start) continue;
    redacted += `${text.slice(from, start)}…`;
    from = end;
  }
  return (redacted + text.slice(from)).replace(NAMED, '…');
}

function endOfUrl(text: string, start: number): number {
  AFTER_URL.lastIndex = Math.max(start, endOfCredentials(text, start));
  return AFTER_URL.exec(text)?.index ?? text.length;
}

/** Where the host begins, `@` included; `start` where there are no credentials. They may have any character in them. */
function endOfCredentials(text: string, start: number): number {
  const [rest = ''] = text.slice(start, start + WINDOW).split('\n', 1);
  const next = rest.indexOf('://');
  const own = next < 0 ? rest : rest.slice(0, next);
  if (PLAIN_HOST.test(own)) return start;
  const path = own.search(/[/?#]/);
  const last = own.slice(0, path < 0 ? undefined : path).lastIndexOf('@');
  // A password with a slash in it.
  const at = last < 0 ? own.indexOf('@') : last;
  return at < 0 ? start : start + at;
}
