import { fsyncSync } from 'node:fs';
import type { PGliteOptions } from '@electric-sql/pglite';
import type { NodeFS } from '@electric-sql/pglite/nodefs';
import { OTHERS } from './private-directory.js';

/** What is used of Emscripten's file system for Node. */
interface NodeFileSystem {
  stream_ops: { fsync?: (stream: { nfd: number }) => number };
  node_ops: { mknod: (parent: object, name: string, mode: number, device: number) => object };
}

/**
 * PGlite's options for a data directory whose commits outlive a loss of power. PGlite runs with `fsync` off, and
 * Emscripten's file system for Node answers it without doing it: both are mended here; and files are made for their owner alone. `fdatasync` never reaches the file
 * system, so that PostgreSQL is told to use `fsync`.
 */
export function durableOptions(
  NodeFs: typeof NodeFS,
  directory: string,
  startParams: readonly string[],
): { readonly options: PGliteOptions; readonly isMended: () => boolean } {
  let mended = false;
  class DurableFs extends NodeFs {
    override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
      const { emscriptenOpts } = await super.init(...args);
      const mend = (module: object) => {
        const { NODEFS } = module as { NODEFS?: NodeFileSystem };
        if (!NODEFS) return;
        mended = true;
        NODEFS.stream_ops.fsync = ({ nfd }) => {
          fsyncSync(nfd);
          return 0;
        };
        const { mknod } = NODEFS.node_ops;
        NODEFS.node_ops.mknod = (parent, name, mode, device) => mknod(parent, name, mode & ~OTHERS, device);
      };
      return { emscriptenOpts: { ...emscriptenOpts, preRun: [mend, ...(emscriptenOpts.preRun ?? [])] } };
    }
  }
  return {
    options: {
      fs: new DurableFs(directory),
      startParams: [...startParams.filter((parameter) => parameter !== '-F'), '-c', 'wal_sync_method=fsync'],
    },
    /** Whether `fsync` reaches the disk. Known once PGlite is open; another release of it may be built otherwise. */
    isMended: () => mended,
  };
}
