import { DriverMissingError } from '../errors/store-errors.js';

const NOT_FOUND = new Set<unknown>(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/**
 * Loads an optional peer.
 * @param connection what needs it, for the message.
 * @param load `() => import('…').catch(rethrow)`: written out, so that bundlers see it, and see that it may be missing.
 * @throws DriverMissingError when it is not installed.
 */
export async function optionalDriver<T>(packageName: string, connection: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (NOT_FOUND.has((error as { code?: unknown }).code)) throw new DriverMissingError(packageName, connection, error);
    throw error;
  }
}

/** esbuild lets a build pass without a package whose import has a `catch`. */
export function rethrow(error: unknown): never {
  throw error;
}
