import { createHash, timingSafeEqual } from 'node:crypto';

/** What is looked at of a request. */
export interface Visit {
  readonly method?: string | undefined;
  readonly headers: {
    readonly authorization?: string | undefined;
    readonly host?: string | undefined;
    readonly origin?: string | undefined;
    readonly 'sec-fetch-site'?: string | undefined;
  };
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** Methods that change nothing. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** What a browser says of a request that our own pages made, or the operator by hand. */
const OWN_SITES = new Set(['same-origin', 'none']);

/**
 * Why a request is refused, whoever sends it; undefined when it is not. A page of another site can make the operator's
 * browser post here, with the operator's address and remembered password; and a foreign name that leads to this machine
 * (DNS rebinding) makes such a page one of ours. Programs such as curl send neither header.
 */
export function forgery({ method = 'GET', headers }: Visit, token: string | undefined): string | undefined {
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  if (token === undefined && !isLocalName(host)) return `The host "${host.slice(0, 100)}" is not this machine.`;
  if (SAFE_METHODS.has(method.toUpperCase())) return undefined;
  const isForeign = site === undefined ? origin !== undefined && hostOf(origin) !== host : !OWN_SITES.has(site);
  return isForeign ? 'A page of another site may not do this.' : undefined;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function isLocalName(host: string): boolean {
  if (!URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
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
