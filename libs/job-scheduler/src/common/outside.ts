import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Runs `work` outside of whatever request, trace or transaction it was called in, so that what goes on in the background
 * for all is nobody's.
 */
export const outside: <T>(work: () => T) => T = AsyncLocalStorage.snapshot();
