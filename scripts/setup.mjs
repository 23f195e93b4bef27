/**
 * What each of our commands needs before it can run: packages as package-lock.json says and, for tests, the servers.
 * Quiet when all is there. Plain Node: nothing is installed yet.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPostgres } from '../test/support/servers.mjs';
import { quietly, root, seconds } from './run.mjs';

const windows = process.platform === 'win32';

/**
 * @param {{ servers?: boolean, postgres?: boolean, browser?: boolean }} needs `servers`: redis-server, and a word about PostgreSQL;
 * `postgres`: install PostgreSQL, too, where that can be done; `browser`: likewise Chromium.
 */
export function setup({ servers = false, postgres = false, browser = false } = {}) {
  try {
    if (!packagesAreCurrent())
      install('packages', () => quietly('npm', ['ci', '--loglevel=error'], { shell: windows }));
    if (servers) setUpServers(postgres, browser);
  } catch (error) {
    console.error(`Set-up failed: ${error.message}`);
    process.exit(1);
  }
}

/** npm keeps the list of what it installed in node_modules, so that is compared, and not a mark of our own. */
function packagesAreCurrent() {
  const wanted = packagesIn('package-lock.json');
  const installed = packagesIn('node_modules/.package-lock.json');
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

function packagesIn(lock) {
  try {
    return JSON.parse(readFileSync(join(root, lock), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

function setUpServers(withPostgres, withBrowser) {
  const missing = [];
  if (!onPath('redis-server')) missing.push('redis-server');
  if (withPostgres && !findPostgres()) missing.push('postgresql');
  const mayInstall = process.getuid?.() === 0 && onPath('apt-get');
  if (missing.length > 0 && mayInstall) install(missing.join(' and '), () => aptInstall(missing));
  if (withBrowser && !onPath('chromium') && mayInstall) installBrowser();
  if (!onPath('redis-server'))
    throw new Error(
      'the tests need redis-server 6.2 or newer on the PATH (Debian: redis-server, macOS: brew install redis)',
    );
  if (!findPostgres())
    console.log(
      'PostgreSQL is not installed: the tests that need it are skipped (Debian: postgresql, macOS: brew install postgresql).',
    );
}

/** Without one the test that needs it says that it was skipped. */
function installBrowser() {
  try {
    install('chromium', () => aptInstall(['chromium']));
  } catch (error) {
    console.log(`Chromium could not be installed: ${error.message}`);
  }
}

function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  quietly('apt-get', ['update', '-qq'], { env });
  quietly('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
}

function install(what, work) {
  const start = performance.now();
  console.log(`Installing ${what} …`);
  work();
  console.log(`Installed ${what} in ${seconds(start)}`);
}

function onPath(program) {
  return spawnSync(windows ? 'where' : 'which', [program], { stdio: 'ignore' }).status === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  setup({
    servers: process.argv.includes('--servers'),
    postgres: process.argv.includes('--postgres'),
    browser: process.argv.includes('--browser'),
  });
