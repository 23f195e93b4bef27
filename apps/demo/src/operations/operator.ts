import { createHash, timingSafeEqual } from 'node:crypto';

/** What is looked at of a request. */
export interface Visit {
  readonly headers: { readonly authorization?: string | undefined };
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** What a browser is to ask for. */
export const CHALLENGE = 'Basic realm="newsroom"';

/**
 * Whether a request comes from an operator. With a token it must bring it, as `Authorization: Bearer TOKEN` or, from a
 * browser, as the password of any user. Without one only this machine is let in: behind a proxy, set a token.
 */
export function isOperator({ headers, socket }: Visit, token: string | undefined): boolean {
  if (token === undefined) return isLocal(socket.remoteAddress);
  const [, scheme = '', value = ''] = /^(\S+) +(.*)$/.exec(headers.authorization ?? '') ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return isSame(value, token);
    case 'basic':
      return isSame(
        Buffer.from(value, 'base64')
          .toString()
          .replace(/^[^:]*:/, ''),
        token,
      );
    default:
      return false;
  }
}

function isLocal(address = ''): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}

/** In the same time whatever differs. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a!, b!);
}
