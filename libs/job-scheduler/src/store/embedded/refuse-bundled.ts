import { existsSync } from 'node:fs';
import { types } from 'node:util';
import { StoreUnsupportedError } from '../../errors/store-errors.js';

/** What PGlite reads from beside its own code. */
const ITS_FILE = './pglite.data';
const OWN_NAME = /\/refuse-bundled\.[jt]s$/;

/**
 * A bundle holds PGlite's code, and not the files that it reads; that they are missing would end the process, since PGlite
 * leaves that error unhandled.
 * @param loaded what the import of PGlite gave. @throws StoreUnsupportedError
 */
export function refuseBundled(loaded: object, address: string): void {
  // Bundlers make a plain object of what they have put in. Some of them keep the URLs of modules, and bring the files along.
  const { url } = import.meta as { url?: string };
  if (types.isModuleNamespaceObject(loaded) || (url !== undefined && OWN_NAME.test(url))) return;
  if (url !== undefined && existsSync(new URL(ITS_FILE, url))) return;
  throw new StoreUnsupportedError(
    address,
    'cannot be opened: PGlite is in the bundle of this app, and the files that it reads are not. Leave "@electric-sql/pglite" out of the bundle (external), and install it beside.',
  );
}
