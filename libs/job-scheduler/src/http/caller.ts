import type { ResolvedHttpOptions } from './http-options.js';

/** As much of a request, of Express or Fastify, as says where it comes from. */
interface WithAddress {
  readonly ip?: unknown;
  readonly socket?: { readonly remoteAddress?: string | undefined };
}

/** Who makes a request: as the app says, else the address that it comes from. */
export function callerOf(request: object, { caller }: ResolvedHttpOptions): string {
  const told: unknown = caller?.(request);
  if (typeof told === 'string' && told !== '') return told;
  const { ip, socket } = request as WithAddress;
  return typeof ip === 'string' ? ip : (socket?.remoteAddress ?? 'an unknown address');
}
