/** An app of somebody else, in an empty directory: it has our tarball and what it needs, compiles and runs. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { extract } from 'tar';
import { ceiling, LONGEST_WAIT } from '../support/machine.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const exec = promisify(execFile);

const compilerOptions = {
  target: 'es2023',
  module: 'nodenext',
  moduleResolution: 'nodenext',
  outDir: 'dist',
  rootDir: '.',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: false,
};

/** Makes the tarball that would be published, of what is `compiled`, or, without it, of a build of its own. */
export async function packPackage(directory: string, name: string, compiled?: string): Promise<string> {
  const options = ['--package', name, ...(compiled ? ['--compiled', compiled] : [])];
  const { stdout } = await exec(process.execPath, ['scripts/pack.mjs', directory, ...options], { cwd: root });
  return stdout.trim();
}

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Consumer {
  private constructor(readonly directory: string) {}

  /** The caller removes `directory`. */
  static async create(): Promise<Consumer> {
    const consumer = new Consumer(await mkdtemp(join(tmpdir(), 'job-scheduler-consumer-')));
    await consumer.write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
    return consumer;
  }

  /** Packages that our checkout has are installed in the same version: they are in npm's cache. */
  async install(...packages: readonly string[]): Promise<void> {
    const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const wanted = packages.map((name) => (devDependencies[name] ? `${name}@${devDependencies[name]}` : name));
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    await exec('npm', ['install', ...options, ...wanted], { cwd: this.directory });
  }

  /** Takes a tarball apart where npm would put it, and asks no registry. */
  async unpack(name: string, tarball: string): Promise<void> {
    const directory = join(this.directory, 'node_modules', name);
    await mkdir(directory, { recursive: true });
    await extract({ file: tarball, cwd: directory, strip: 1 });
  }

  /** Packages of the checkout, which are found here by links. What is not linked is not there. */
  async link(...packages: readonly string[]): Promise<void> {
    for (const name of packages) {
      const path = join(this.directory, 'node_modules', name);
      await mkdir(dirname(path), { recursive: true });
      await symlink(join(root, 'node_modules', name), path);
    }
  }

  async write(file: string, text: string): Promise<void> {
    const path = join(this.directory, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  /** Compiles what is in `folder` to `folder/dist`; rejects with the compiler's words. */
  async compile(folder: string, { type = 'module', skipLibCheck = false } = {}): Promise<void> {
    await this.write(join(folder, 'package.json'), JSON.stringify({ type }));
    const config = { compilerOptions: { ...compilerOptions, skipLibCheck }, include: ['**/*.ts'] };
    await this.write(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(this.directory, 'node_modules/typescript/bin/tsc');
    const cwd = join(this.directory, folder);
    await exec(process.execPath, [tsc, '-p', '.'], { cwd }).catch((error: { stdout: string }) => {
      throw new Error(`tsc in ${folder}:\n${error.stdout}`);
    });
  }

  /**
   * Runs a file until it ends, or, where it is to print something and stays up, until it has: then it gets SIGTERM.
   * Rejects when it ends with an error, prints less, or takes far too long.
   */
  async run(file: string, prints: readonly string[] = []): Promise<Finished> {
    const finished = await this.runToEnd(file, prints);
    const missing = prints.filter((line) => !finished.stdout.includes(line));
    if (missing.length > 0 || !(finished.code === 0 || (finished.signal === 'SIGTERM' && prints.length > 0)))
      throw new Error(
        `${file} ended with ${finished.signal ?? finished.code}; not printed: ${JSON.stringify(missing)}\n` +
          `${finished.stdout}\n${finished.stderr}`,
      );
    return finished;
  }

  private runToEnd(file: string, prints: readonly string[]): Promise<Finished> {
    const path = join(this.directory, file);
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [path], {
        cwd: dirname(path),
        timeout: ceiling(LONGEST_WAIT),
        killSignal: 'SIGKILL',
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        if (prints.length > 0 && prints.every((line) => stdout.includes(line))) child.kill('SIGTERM');
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  }
}
