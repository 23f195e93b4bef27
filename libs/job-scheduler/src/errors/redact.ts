/** Connection strings of stores and brokers, up to where a text ends them. */
const CONNECTIONS = /\b(rediss?|postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|amqps?|sqlserver):\/\/[^\s"'`<>]*/gi;
/** Credentials in any other URL. */
const CREDENTIALS = /:\/\/[^\s/?#@"'`<>]+@/g;

/** A text without connection strings, and without the credentials of URLs. */
export function redact(text: string): string {
  return text.replace(CONNECTIONS, '$1://…').replace(CREDENTIALS, '://…@');
}
